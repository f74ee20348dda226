import { expect, test } from 'vitest'
import { runBounded } from '../../src/run/run-bounded.js'

test('runs at most the allowed number of items at once and returns the results in order', async () => {
  let running = 0
  let most = 0
  const work = async (item: number) => {
    running += 1
    most = Math.max(most, running)
    // The first items end last.
    for (let turn = 0; turn < 10 - item; turn += 1) await Promise.resolve()
    running -= 1
    return item
  }
  const items = [0, 1, 2, 3, 4, 5]
  expect(await runBounded(items, { concurrency: 2 }, work)).toEqual(items)
  expect(most).toBe(2)
})

test('starts no further item after an abort and rejects with the reason', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const begun: number[] = []
  const work = async (item: number) => {
    begun.push(item)
    controller.abort(reason)
  }
  const run = runBounded([1, 2, 3], { concurrency: 1, signal: controller.signal }, work)
  await expect(run).rejects.toBe(reason)
  expect(begun).toEqual([1])
})
