import { createHostError } from '../errors/create-host-error.js'
import { show, showKind } from './show.js'

/** Throws INVALID_ARGUMENT for `field` unless `holds`. */
export function check(holds: boolean, field: string, expected: string, given: unknown): asserts holds {
  if (!holds) throw createHostError('INVALID_ARGUMENT', { field, expected, given: show(given) })
}

/** As {@link check}, for a value that may be a secret: the error tells of its kind alone. */
export function checkSecret(holds: boolean, field: string, expected: string, given: unknown): asserts holds {
  if (!holds) throw createHostError('INVALID_ARGUMENT', { field, expected, given: showKind(given) })
}

/** A text that matches `pattern`, without NUL and newline. */
export function checkText(field: string, value: unknown, pattern: RegExp, expected: string): asserts value is string {
  check(typeof value === 'string' && !hasBreak(value) && pattern.test(value), field, expected, value)
}

/** An integer between two others. */
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

/** A number of milliseconds that a timer of Node can wait: it takes a longer one, and `Infinity`, for 1. */
export function checkTimeout(field: string, value: unknown): void {
  check(isTimeout(value), field, timeoutText, value)
}

/** As {@link checkTimeout}, for an error of one's own. */
export function isTimeout(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= longestTimeoutMs
}

/** Absent passes too. */
export function checkBoolean(field: string, value: unknown): void {
  check(value === undefined || typeof value === 'boolean', field, 'true or false', value)
}

/** Its entries are the caller's to check, by index: `entries()` visits holes, which `for in` and `map` do not. */
export function checkList(field: string, value: unknown): asserts value is readonly unknown[] {
  check(Array.isArray(value), field, 'a list', value)
}

/** Of any prototype, or of none. */
export function checkObject(field: string, value: unknown): asserts value is object {
  check(isObject(value), field, 'an object', value)
}

/** As {@link checkObject}, for an error of one's own. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Refuses what would be given twice. */
export function checkUnique(field: string, values: readonly string[]): void {
  const second = values.findIndex((value, index) => values.indexOf(value) !== index)
  check(second === -1, `${field}[${second}]`, 'given once', values[second])
}

function hasBreak(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\u0000\n\r]/.test(text)
}

const longestTimeoutMs = 2 ** 30

/** What {@link isTimeout} accepts, in words. */
export const timeoutText: string = `a number of milliseconds from above 0 to ${longestTimeoutMs}`
