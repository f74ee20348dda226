import { expect, it } from 'vitest'
import { resolveTimeouts } from '../../src/plugin.js'

const defaults = { answerMs: 60_000, pingMs: 10_000 }

it('returns the given limits, else the defaults', () => {
  expect(resolveTimeouts('timeouts', { answerMs: 5 }, defaults)).toEqual({ answerMs: 5, pingMs: 10_000 })
  expect(resolveTimeouts('timeouts', undefined, defaults)).toBe(defaults)
})

it.each([
  [{ answerMs: 0 }, 'timeouts.answerMs'],
  [{ answerMs: -1 }, 'timeouts.answerMs'],
  [{ answerMs: Number.NaN }, 'timeouts.answerMs'],
  [{ pingMs: Number.POSITIVE_INFINITY }, 'timeouts.pingMs'],
  [{ pingMs: 2 ** 31 }, 'timeouts.pingMs'],
  [{ pingMs: '5' }, 'timeouts.pingMs'],
  [{ pingMs: null }, 'timeouts.pingMs'],
  [{ startMs: 5 }, 'timeouts.startMs'],
  [[], 'timeouts'],
  [5, 'timeouts'],
  [null, 'timeouts'],
])('rejects %j with INVALID_ARGUMENT for %s', (given, field) => {
  // As plain JavaScript may call it.
  const call = () => resolveTimeouts('timeouts', given as unknown as Partial<typeof defaults>, defaults)
  expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) }))
})
