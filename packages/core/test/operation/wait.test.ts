import { describe, expect, test } from 'vitest'
import { delay, poll } from '../../src/plugin.js'

describe('delay', () => {
  test('resolves after the time', async () => {
    expect(await delay(1)).toBeUndefined()
  })

  test('rejects with the reason of an abort, before and during the time', async () => {
    const controller = new AbortController()
    const waiting = delay(60_000, { signal: controller.signal })
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    await expect(delay(60_000, { signal: controller.signal })).rejects.toBe('enough')
  })
})

describe('poll', () => {
  test('resolves with the first answer, and asks no more', async () => {
    const answers = [undefined, undefined, 'yes', 'more']
    expect(await poll(async () => answers.shift(), { limitMs: 1_000 })).toBe('yes')
    expect(answers).toEqual(['more'])
  })

  test('takes false for an answer, and undefined for none', async () => {
    expect(await poll(async () => false, { limitMs: 1_000 })).toBe(false)
  })

  test('resolves with undefined when the time is over, after ever longer delays', async () => {
    let count = 0
    const ask = async () => {
      count += 1
      return undefined
    }
    expect(await poll(ask, { limitMs: 30 })).toBeUndefined()
    expect(count).toBe(5) // after 0, 2, 6, 14 and 30 ms
    expect(await poll(ask, { limitMs: 0 })).toBeUndefined()
    expect(count).toBe(6)
  })

  test('rejects with the reason of an abort, and with the error of the question', async () => {
    const controller = new AbortController()
    const ask = async () => controller.abort('enough') as undefined
    await expect(poll(ask, { limitMs: 1_000, signal: controller.signal })).rejects.toBe('enough')
    const broken = () => Promise.reject(new Error('broken'))
    await expect(poll(broken, { limitMs: 1_000 })).rejects.toThrow('broken')
  })
})
