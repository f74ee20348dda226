import { describe, expect, it } from 'vitest'
import { formatValue } from '../../src/validation/format-value.js'

describe('a value in an error', () => {
  const circle: { self?: object } = {}
  circle.self = circle
  const cases: readonly (readonly [unknown, string])[] = [
    ['a\nb', '"a\\nb"'],
    [Number.NaN, 'NaN'],
    [undefined, 'undefined'],
    [null, 'null'],
    [Symbol('x'), 'symbol'],
    [10n, 'bigint'],
    [circle, 'object'],
    [Object.create(null), '{}'],
    [Promise.resolve('x'), 'a promise'],
  ]
  it.each(cases)('is shown on one line', (value, text) => {
    expect(formatValue(value)).toBe(text)
  })

  it('is cut to 100 characters', () => {
    expect(formatValue('x'.repeat(1000))).toHaveLength(100)
  })
})
