import { constants } from 'node:os'
import { createHostError } from '@capstan/core/plugin'
import type { MemorySignal } from '../memory-program.js'

/** `SIGTERM` for `SIGTERM`, `TERM` or `15`. Unknown: INVALID_ARGUMENT for the field. */
export function toSignalName(given: string, field = 'signal'): string {
  const named = given.startsWith('SIG') ? given : `SIG${given}`
  const found = Object.entries(constants.signals).find(([name, number]) => name === named || String(number) === given)
  if (found !== undefined) return found[0]
  throw createHostError('INVALID_ARGUMENT', { field, expected: 'a signal such as "SIGTERM"', given })
}

/** The exit code of a process that a signal ended: 128 and its number. */
export function toSignalExitCode(name: string): number {
  const number = new Map<string, number>(Object.entries(constants.signals)).get(name)
  return 128 + (number ?? 0)
}

/** What a program finds as the reason of its aborted signal. */
export function createMemorySignal(name: string): MemorySignal {
  return Object.assign(new Error(`received ${name}`), { name: 'MemorySignal', signal: name })
}
