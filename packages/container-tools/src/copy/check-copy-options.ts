import { createHostError, validateContainerPath } from '@capstan/core/plugin'
import type { CopyOptions } from './copy-options.js'

/** Checks both paths of a copy. Returns that in the container, which is `field`, without superfluous slashes and dots. */
export function checkCopyOptions(options: CopyOptions, field: 'from' | 'to'): string {
  const local = field === 'from' ? 'to' : 'from'
  const given: unknown = options[local]
  if (typeof given !== 'string' || given === '' || given.includes('\0')) {
    const expected = 'a path of this machine'
    throw createHostError('INVALID_ARGUMENT', { field: local, expected, given: JSON.stringify(given) ?? String(given) })
  }
  return validateContainerPath(options[field], field)
}
