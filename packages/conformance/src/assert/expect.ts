import { inspect, isDeepStrictEqual } from 'node:util'
import { ConformanceFailure } from '../conformance-failure.js'

/** Fails unless the condition is true. The failure shows `seen`. */
export function expect(holds: boolean, expected: string, seen: unknown): asserts holds {
  if (!holds) throw new ConformanceFailure(expected, show(seen))
}

/** Fails unless both values are deeply equal. `what` names the compared value. */
export function expectEqual(seen: unknown, wanted: unknown, what: string): void {
  if (!isDeepStrictEqual(seen, wanted)) throw new ConformanceFailure(`${what} to be ${show(wanted)}`, show(seen))
}

/** Fails unless the text contains the part. */
export function expectIncludes(seen: string, part: string, what: string): void {
  if (!seen.includes(part)) throw new ConformanceFailure(`${what} to contain ${show(part)}`, show(seen))
}

/** Returns the value and fails when it is `undefined`. */
export function expectDefined<T>(seen: T | undefined, what: string): T {
  if (seen === undefined) throw new ConformanceFailure(what, 'nothing')
  return seen
}

/** Returns the ids of the items, to compare them. */
export function toIds(items: readonly { readonly id: string }[]): readonly string[] {
  return items.map(({ id }) => id)
}

/** Returns the names of the items, to compare them. */
export function toNames(items: readonly { readonly name: string }[]): readonly string[] {
  return items.map(({ name }) => name)
}

/** Formats a value for a failure in one line of at most 300 characters. */
export function show(value: unknown): string {
  const text = inspect(value, {
    depth: 4,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 20,
    maxStringLength: 200,
  })
  const line = value instanceof Error ? `${value.name}: ${value.message}` : text.replaceAll('\n', ' ')
  return line.length > 300 ? `${line.slice(0, 299)}…` : line
}
