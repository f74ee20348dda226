import { describe, expect, it } from 'vitest'
import type { ListContainersOptions } from '../../src/index.js'
import { isListed } from '../../src/plugin.js'

const container = { labels: { tier: 'front', empty: '' }, state: 'exited' } as const
const cases: readonly (readonly [isListed: boolean, options: ListContainersOptions])[] = [
  [true, {}],
  [true, { labels: { tier: 'front' }, labelKeys: ['empty'], states: ['dead', 'exited'] }],
  [false, { labels: { tier: 'back' } }],
  [false, { labelKeys: ['tier', 'other'] }],
  [false, { labelKeys: ['toString'] }],
  [false, { states: ['running'] }],
  [false, { states: [] }],
]

describe('isListed', () => {
  it.each(cases)('returns %s with %j', (expected, options) => {
    expect(isListed(container, options)).toBe(expected)
  })

  it('ignores states for an object without one, and finds no labels where the engine reports none', () => {
    expect(isListed({ labels: {} }, { states: [] })).toBe(true)
    expect(isListed({ labels: null }, { labelKeys: ['tier'] })).toBe(false)
  })
})
