/** A template that is not valid, or that does not fit the data. */
export class TemplateProblem extends Error {}

/** The functions of a template by name. The result of the command before a `|` is the last argument. */
export const templateFunctions: Readonly<Record<string, (...values: readonly unknown[]) => unknown>> = {
  json: (value) => JSON.stringify(value) ?? 'null',
  join: (list, separator) => toList(list).map(toText).join(toText(separator)),
  split: (text, separator) => toText(text).split(toText(separator)),
  upper: (text) => toText(text).toUpperCase(),
  lower: (text) => toText(text).toLowerCase(),
  title: (text) => toText(text).replaceAll(/(?<!\S)\S/g, (letter) => letter.toUpperCase()),
  pad: (text, left, right) => (text === '' ? '' : `${toSpaces(left)}${toText(text)}${toSpaces(right)}`),
  truncate: (text, length) => [...toText(text)].slice(0, Number(length)).join(''),
  println: (...values) => `${values.map(toText).join(' ')}\n`,
  len: (value) => (typeof value === 'string' ? Buffer.byteLength(value) : toEntries(value).length),
  index: (value, ...keys) => keys.reduce(getElement, value),
  eq: (value, ...others) => others.includes(value),
  ne: (value, other) => value !== other,
  not: (value) => !isTruthy(value),
  and: (...values) => takeFirst(values, (value) => !isTruthy(value)),
  or: (...values) => takeFirst(values, isTruthy),
}

/** Returns the first value that is accepted, else the last one. */
function takeFirst(values: readonly unknown[], accepts: (value: unknown) => boolean): unknown {
  const index = values.findIndex(accepts)
  return values.at(index === -1 ? -1 : index)
}

function toSpaces(count: unknown): string {
  return ' '.repeat(Math.max(0, Number(count) || 0))
}

function toList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new TemplateProblem(`"join" needs a list, not ${toText(value)}`)
}

/** An element that does not exist has no value, as in Go for a map. */
function getElement(value: unknown, key: unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, String(key))) return undefined
  return Reflect.get(value, String(key))
}

/** Returns the elements of a list or an object with their indexes or keys. */
export function toEntries(value: unknown): readonly (readonly [key: unknown, value: unknown])[] {
  if (Array.isArray(value)) return [...value.entries()]
  if (typeof value === 'object' && value !== null) return Object.entries(value)
  throw new TemplateProblem(`${toText(value)} is not a list`)
}

/** Whether `if` takes the first branch: false, 0, and an empty text, list or object do not. */
export function isTruthy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Date) return Boolean(value)
  return Object.keys(value).length > 0
}

/** Formats a value as Go does. */
export function toText(value: unknown): string {
  if (value === undefined || value === null) return '<no value>'
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return `[${value.map(toText).join(' ')}]`
  if (typeof value !== 'object') return String(value)
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return `map[${entries.map(([key, each]) => `${key}:${toText(each)}`).join(' ')}]`
}
