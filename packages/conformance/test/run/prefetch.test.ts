import { expect, test } from 'vitest'
import { Prefetch } from '../../src/run/prefetch.js'

const numbers = Array.from({ length: 100 }, (_, index) => index + 1)

/** Work that ends when it is told to. */
function createWork() {
  const begun: number[] = []
  const ends = new Map<number, () => void>()
  const work = (item: number) => {
    begun.push(item)
    return new Promise<number>((resolve) => ends.set(item, () => resolve(item * 10)))
  }
  return { begun, work, end: (item: number) => ends.get(item)?.() }
}

test('what is asked for is begun with the next few; one that ends makes room for another', async () => {
  const { begun, work, end } = createWork()
  const results = new Prefetch(numbers, 3, work)
  const first = results.get(1)
  expect(begun).toEqual([1, 2, 3])
  end(2)
  await expect.poll(() => begun).toEqual([1, 2, 3, 4])
  end(1)
  expect(await first).toBe(10)
})

test('what is asked for never waits for what is not', () => {
  const { begun, work } = createWork()
  const results = new Prefetch(numbers, 2, work)
  void results.get(1)
  void results.get(50)
  expect(begun).toEqual([1, 2, 50])
})

test('what is far from what was asked for is not begun, each other once', async () => {
  const begun: number[] = []
  const results = new Prefetch(numbers, 2, async (item) => begun.push(item))
  await results.get(40)
  await expect.poll(() => begun.length).toBe(16)
  expect(begun.toSorted((one, other) => one - other)).toEqual(numbers.slice(39, 55))
})

test('once it is to be settled nothing more is begun', async () => {
  const { begun, work, end } = createWork()
  const results = new Prefetch(numbers, 2, work)
  void results.get(1)
  const settled = results.settled()
  end(1)
  end(2)
  expect(await settled).toEqual([10, 20])
  expect(begun).toEqual([1, 2])
})
