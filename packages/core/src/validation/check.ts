import { createHostError } from '../errors/create-host-error.js'
import { show, showKind } from './show.js'

/** Throws INVALID_ARGUMENT for `field` unless `holds`. */
export function check(holds: boolean, field: string, expected: string, given: unknown): asserts holds {
  if (!holds) throw createHostError('INVALID_ARGUMENT', { field, expected, given: show(given) })
}

/** As {@link check}, for a value that may be a secret. The error shows only its type. */
export function checkSecret(holds: boolean, field: string, expected: string, given: unknown): asserts holds {
  if (!holds) throw createHostError('INVALID_ARGUMENT', { field, expected, given: showKind(given) })
}

/** Checks for a string that matches `pattern` and has no NUL and no newline. */
export function checkText(field: string, value: unknown, pattern: RegExp, expected: string): asserts value is string {
  check(typeof value === 'string' && !hasBreak(value) && pattern.test(value), field, expected, value)
}

/** Checks for an integer in a range. */
export function checkInteger(
  field: string,
  value: unknown,
  { least, most = Number.MAX_SAFE_INTEGER }: { readonly least: number; readonly most?: number },
): asserts value is number {
  const holds = typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most
  check(
    holds,
    field,
    most === Number.MAX_SAFE_INTEGER ? `an integer from ${least}` : `an integer from ${least} to ${most}`,
    value,
  )
}

/** Checks for a number of milliseconds that timers of Node support. They treat a longer one, and `Infinity`, as 1. */
export function checkTimeout(field: string, value: unknown): void {
  check(isTimeout(value), field, timeoutText, value)
}

/** Whether {@link checkTimeout} accepts a value. */
export function isTimeout(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= longestTimeoutMs
}

/** Checks for a boolean or `undefined`. */
export function checkBoolean(field: string, value: unknown): void {
  check(value === undefined || typeof value === 'boolean', field, 'true or false', value)
}

/** Checks for an array. Check its elements in a loop over `entries()`, which does not skip holes as `map` does. */
export function checkList(field: string, value: unknown): asserts value is readonly unknown[] {
  check(Array.isArray(value), field, 'an array', value)
}

/** Checks for an object of any prototype that is not an array. */
export function checkObject(field: string, value: unknown): asserts value is object {
  check(isObject(value), field, 'an object', value)
}

/** Whether {@link checkObject} accepts a value. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Checks that no value occurs twice. */
export function checkUnique(field: string, values: readonly string[]): void {
  const second = values.findIndex((value, index) => values.indexOf(value) !== index)
  check(second === -1, `${field}[${second}]`, 'different from the earlier entries', values[second])
}

function hasBreak(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern must match control characters
  return /[\u0000\n\r]/.test(text)
}

const longestTimeoutMs = 2 ** 30

/** Describes the values that {@link isTimeout} accepts. */
export const timeoutText: string = `a number of milliseconds above 0 and up to ${longestTimeoutMs}`
