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
  { pattern: texts.unknownCapAdd, field: 'capAdd', expected: 'capabilities that the kernel knows' },
  { pattern: texts.unknownCapDrop, field: 'capDrop', expected: 'capabilities that the kernel knows' },
  { pattern: texts.badSecurityOption, field: 'securityOptions', expected: 'options that the engine knows' },
  { pattern: texts.badSignal, field: 'stopSignal', expected: 'a signal that the engine knows' },
  { pattern: texts.badContainerName, field: 'name', expected: 'a name of a container, of two characters or more' },
  { pattern: texts.badVolumeName, field: 'mounts', expected: 'a name of a volume, of two characters or more' },
  { pattern: texts.unknownPlatform, field: 'platform', expected: 'an operating system or architecture' },
  { pattern: texts.unknownLimit, field: 'ulimits', expected: 'limits that the kernel knows' },
  { pattern: texts.mountMismatch, field: 'mounts', expected: 'a directory on a directory, or a file on a file' },
  { pattern: texts.foreignAddress, field: 'ports', expected: 'addresses of the machine of the engine' },
]
