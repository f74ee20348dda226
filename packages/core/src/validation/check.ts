import { createHostError } from '../errors/create-host-error.js'
import { joinWords } from '../errors/message.js'
import { formatType, formatValue } from './format-value.js'

/** Throws INVALID_ARGUMENT for `field` unless `isValid`. */
export function check(isValid: boolean, field: string, expected: string, given: unknown): asserts isValid {
  if (!isValid) throw createHostError('INVALID_ARGUMENT', { field, expected, given: formatValue(given) })
}

/** As {@link check}, for a value that may be a secret. The error shows only its type. */
export function checkSecret(isValid: boolean, field: string, expected: string, given: unknown): asserts isValid {
  if (!isValid) throw createHostError('INVALID_ARGUMENT', { field, expected, given: formatType(given) })
}

/** Checks for a string that matches `pattern` and has no NUL and no newline. */
export function checkText(field: string, value: unknown, pattern: RegExp, expected: string): asserts value is string {
  check(typeof value === 'string' && !hasBreak(value) && pattern.test(value), field, expected, value)
}

/** Checks for an integer in a range. */
export function checkInteger(
  field: string,
  value: unknown,
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
): asserts value is number {
  const isValid = typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  check(isValid, field, `an integer ${range}`, value)
}

/** Checks for one of several strings. */
export function checkOneOf(field: string, value: unknown, allowed: readonly string[]): void {
  const expected = joinWords(
    allowed.map((text) => JSON.stringify(text)),
    'or',
  )
  check(
    allowed.some((text) => text === value),
    field,
    expected,
    value,
  )
}

/** Checks for milliseconds above 0 and up to 2³⁰. Timers of Node treat 2³¹ and more, and `Infinity`, as 1. */
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

/** Checks for a function or `undefined`. */
export function checkFunction(field: string, value: unknown): void {
  check(value === undefined || typeof value === 'function', field, 'a function', value)
}

/** Checks for an array. */
export function checkList(field: string, value: unknown): asserts value is readonly unknown[] {
  check(Array.isArray(value), field, 'an array', value)
}

/** Checks for an array, and each of its elements by `checkElement`, which gets a field such as `ports[0]`. */
export function checkEach<T>(
  field: string,
  list: readonly T[],
  checkElement: (field: string, element: T) => void,
): void {
  checkList(field, list)
  // `entries` does not skip the holes of a sparse array, as `forEach` does.
  for (const [index, element] of list.entries()) checkElement(`${field}[${index}]`, element)
}

/** Checks for an object of any prototype that is not an array. */
export function checkObject(field: string, value: unknown): asserts value is object {
  check(isObject(value), field, 'an object', value)
}

/** Whether {@link checkObject} accepts a value. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Checks that no two elements of a list have the same key. */
export function checkUnique<T>(field: string, list: readonly T[], toKey: (element: T) => string): void {
  const values = list.map(toKey)
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
