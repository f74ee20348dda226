import { createHostError, type HostError } from '@capstan/core'

/** INVALID_ARGUMENT for what stands on the command line: throw this. */
export function invalidOption(option: string, expected: string, given: string): HostError<'INVALID_ARGUMENT'> {
  return createHostError('INVALID_ARGUMENT', { field: option, expected, given: JSON.stringify(given) })
}
