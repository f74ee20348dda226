import type { HostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'

/** Creates an INVALID_ARGUMENT error that names an option of the command line and quotes its value. */
export function createOptionError(option: string, expected: string, given: string): HostError<'INVALID_ARGUMENT'> {
  return createHostError('INVALID_ARGUMENT', { field: option, expected, given: JSON.stringify(given) })
}
