import { createHostError } from '@capstan/core'

/** The name without `SIG`, as every `kill` takes it. @throws HostError INVALID_ARGUMENT for what is none. */
export function checkSignal(signal: string): string {
  const name = /^(?:SIG)?([A-Z][A-Z0-9+-]*|[1-9]\d?)$/.exec(signal)?.[1]
  if (name !== undefined) return name
  const facts = { field: 'signal', expected: 'a signal such as "SIGTERM"', given: JSON.stringify(signal) }
  throw createHostError('INVALID_ARGUMENT', facts)
}
