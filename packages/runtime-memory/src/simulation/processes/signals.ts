import { constants } from 'node:os'
import { createHostError } from '@capstan/core/plugin'
import type { MemorySignal } from '../memory-program.js'

/** Converts `SIGTERM`, `TERM` or `15` to `SIGTERM`. Any other text is INVALID_ARGUMENT for the field. */
export function toSignalName(given: string, field = 'signal'): string {
  const named = given.startsWith('SIG') ? given : `SIG${given}`
  const found = Object.entries(constants.signals).find(([name, number]) => name === named || String(number) === given)
  if (found !== undefined) return found[0]
  throw createHostError('INVALID_ARGUMENT', {
    field,
    expected: 'a signal such as "SIGTERM"',
    given: JSON.stringify(given),
  })
}

/** Returns the exit code of a process that a signal has ended: 128 plus the signal's number. */
export function toSignalExitCode(name: string): number {
  return 128 + (Object.entries(constants.signals).find(([signal]) => signal === name)?.[1] ?? 0)
}

/** Creates the reason with which a program's signal aborts. */
export function createMemorySignal(name: string): MemorySignal {
  return Object.assign(new Error(`received ${name}`), { name: 'MemorySignal', signal: name })
}
