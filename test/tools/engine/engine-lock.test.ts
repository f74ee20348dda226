import { describe, expect, test } from 'vitest'
import { withEngineLock } from '../../../tools/engine/engine-lock.mjs'

// Sockets without a file are Linux's.
describe.skipIf(process.platform !== 'linux')('the lock of the engine set-up', () => {
  const name = `\0capstan-test-${process.pid}`

  test('lets one in at a time, and each in its turn', async () => {
    const order: string[] = []
    const enter = (who: string) => {
      return withEngineLock(
        async () => {
          order.push(`${who} in`)
          await new Promise(setImmediate)
          order.push(`${who} out`)
        },
        { name },
      )
    }
    await Promise.all(['a', 'b', 'c'].map(enter))
    expect(order).toHaveLength(6)
    for (const at of [0, 2, 4]) expect(order[at + 1]).toBe(order[at]?.replace('in', 'out'))
  })

  test('is free again after a failure', async () => {
    await expect(withEngineLock(() => Promise.reject(new Error('no')), { name })).rejects.toThrow('no')
    expect(await withEngineLock(async () => 'yes', { name })).toBe('yes')
  })

  test('a waiter gives up when its time is over', async () => {
    await withEngineLock(
      async () => {
        await expect(withEngineLock(async () => {}, { name, timeoutMs: 20 })).rejects.toThrow('does not end')
      },
      { name },
    )
  })
})
