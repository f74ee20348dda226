import type { Ulimit } from '@capstan/core'
import { invalidOption } from './invalid-option.js'

/**
 * A limit from `NAME=SOFT[:HARD]`; one number is both, -1 is unlimited.
 *
 * @throws HostError INVALID_ARGUMENT for anything else.
 */
export function parseUlimit(text: string): Ulimit {
  const [, name = '', soft = '', hard = soft] = /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text) ?? []
  if (name === '') throw invalidOption('--ulimit', 'NAME=SOFT[:HARD]', text)
  return { name, soft: Number(soft), hard: Number(hard) }
}
