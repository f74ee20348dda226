import { inspect, isDeepStrictEqual } from 'node:util'
import { ConformanceFailure } from '../conformance-failure.js'

/** Fails unless it holds. `seen` is shown in the failure. */
export function expect(holds: boolean, expected: string, seen: unknown): asserts holds {
  if (!holds) throw new ConformanceFailure(expected, show(seen))
}

/** Fails unless both are deeply equal; `what` says what is compared. */
export function expectEqual(seen: unknown, wanted: unknown, what: string): void {
  if (!isDeepStrictEqual(seen, wanted)) throw new ConformanceFailure(`${what} to be ${show(wanted)}`, show(seen))
}

/** Fails unless the text has the part in it. */
export function expectIncludes(seen: string, part: string, what: string): void {
  if (!seen.includes(part)) throw new ConformanceFailure(`${what} to hold ${show(part)}`, show(seen))
}

/** Fails for `undefined`. */
export function expectDefined<T>(seen: T | undefined, what: string): T {
  if (seen === undefined) throw new ConformanceFailure(what, 'nothing')
  return seen
}

/** A value as a failure may show it: one line, at most 300 characters. */
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
