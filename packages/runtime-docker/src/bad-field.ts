import type { HostErrorFacts } from '@capstan/core'
import { texts } from './docker-error-texts.js'

/** The field that the engine found fault with, where its words tell; `mounts` stands for the source of one of them. */
export function findBadField(text: string): HostErrorFacts['INVALID_ARGUMENT'] | undefined {
  for (const { pattern, field, expected } of faults) {
    const given = pattern.exec(text)?.[1]
    if (given !== undefined) return { field, expected, given: JSON.stringify(given) }
  }
  return undefined
}

const faults = [
  { pattern: texts.noBindSource, field: 'mounts', expected: 'a path that exists on the machine of the engine' },
  { pattern: texts.noUser, field: 'user', expected: 'a user that the image knows, or a number' },
  { pattern: texts.noUserGroup, field: 'user', expected: 'a user whose group the image knows, or is a number' },
  { pattern: texts.noGroup, field: 'groupAdd', expected: 'groups that the image knows, or numbers' },
  { pattern: texts.noWorkingDirectory, field: 'workingDirectory', expected: 'a directory, or a path that is free' },
]
