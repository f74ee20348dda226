import { describe, expect, test } from 'vitest'
import { withEngineLock } from '../../../tools/engine/engine-lock.mjs'

// Abstract sockets exist only on Linux.
describe.skipIf(process.platform !== 'linux')('the lock of the engine setup', () => {
  const name = `\0capstan-test-${process.pid}`

  test('is held by one at a time, in the order of requests', async () => {
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

  test('is released after a failure', async () => {
    await expect(withEngineLock(() => Promise.reject(new Error('no')), { name })).rejects.toThrow('no')
    expect(await withEngineLock(async () => 'yes', { name })).toBe('yes')
  })

  test('rejects a waiter at its timeout', async () => {
    await withEngineLock(
      async () => {
        await expect(withEngineLock(async () => {}, { name, timeoutMs: 20 })).rejects.toThrow('does not end')
      },
      { name },
    )
  })
})
