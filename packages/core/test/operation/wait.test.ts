import { describe, expect, test } from 'vitest'
import { delay, poll } from '../../src/plugin.js'

describe('delay', () => {
  test('resolves after the time', async () => {
    expect(await delay(1)).toBeUndefined()
  })

  test('rejects with the reason of an abort before and during the delay', async () => {
    const controller = new AbortController()
    const waiting = delay(60_000, { signal: controller.signal })
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    await expect(delay(60_000, { signal: controller.signal })).rejects.toBe('enough')
  })

  test('waits longer than the longest timer of Node, which would end at once', async () => {
    const controller = new AbortController()
    const warnings: string[] = []
    const record = ({ name }: Error) => warnings.push(name)
    process.on('warning', record)
    const waiting = delay(2 ** 31, { signal: controller.signal })
    await new Promise((resolve) => setImmediate(resolve))
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    process.off('warning', record)
    expect(warnings).toEqual([])
  })
})

describe('poll', () => {
  test('resolves with the first value, and does not ask again', async () => {
    const answers = [undefined, undefined, 'yes', 'more']
    expect(await poll(async () => answers.shift(), { limitMs: 1_000 })).toBe('yes')
    expect(answers).toEqual(['more'])
  })

  test('resolves with false, and asks again after undefined', async () => {
    expect(await poll(async () => false, { limitMs: 1_000 })).toBe(false)
  })

  test('resolves with undefined after the limit, with increasing delays', async () => {
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

  test('rejects with the reason of an abort, and with an error of ask', async () => {
    const controller = new AbortController()
    const ask = async () => controller.abort('enough') as undefined
    await expect(poll(ask, { limitMs: 1_000, signal: controller.signal })).rejects.toBe('enough')
    const broken = () => Promise.reject(new Error('broken'))
    await expect(poll(broken, { limitMs: 1_000 })).rejects.toThrow('broken')
  })
})
