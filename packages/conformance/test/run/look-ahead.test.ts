import { expect, test } from 'vitest'
import { LookAhead } from '../../src/run/look-ahead.js'

test('what is asked for is begun with the next few, each once', async () => {
  const begun: number[] = []
  const work = async (item: number) => {
    begun.push(item)
    return item * 10
  }
  const results = new LookAhead([1, 2, 3, 4, 5], 3, work)
  expect(await results.get(1)).toBe(10)
  expect(begun).toEqual([1, 2, 3])
  expect(await results.get(2)).toBe(20)
  expect(begun).toEqual([1, 2, 3, 4])
  expect(await results.settled()).toEqual([10, 20, 30, 40])
})

test('what was skipped over is not begun', async () => {
  const begun: number[] = []
  const results = new LookAhead([1, 2, 3, 4, 5], 2, async (item) => begun.push(item))
  await results.get(4)
  expect(begun).toEqual([4, 5])
})
