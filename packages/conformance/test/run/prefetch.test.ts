import { expect, test } from 'vitest'
import { Prefetch } from '../../src/run/prefetch.js'

const numbers = Array.from({ length: 100 }, (_, index) => index + 1)

/** Creates work that ends when `end` is called. */
function createWork() {
  const begun: number[] = []
  const ends = new Map<number, () => void>()
  const work = (item: number) => {
    begun.push(item)
    return new Promise<number>((resolve) => ends.set(item, () => resolve(item * 10)))
  }
  return { begun, work, end: (item: number) => ends.get(item)?.() }
}

test('get starts the requested and the next items, and the end of one starts another', async () => {
  const { begun, work, end } = createWork()
  const results = new Prefetch(numbers, 3, work)
  const first = results.get(1)
  expect(begun).toEqual([1, 2, 3])
  end(2)
  await expect.poll(() => begun).toEqual([1, 2, 3, 4])
  end(1)
  expect(await first).toBe(10)
})

test('get starts a requested item at once when the width is used up', () => {
  const { begun, work } = createWork()
  const results = new Prefetch(numbers, 2, work)
  void results.get(1)
  void results.get(50)
  expect(begun).toEqual([1, 2, 50])
})

test('get starts each of the next items once, up to a distance', async () => {
  const begun: number[] = []
  const results = new Prefetch(numbers, 2, async (item) => begun.push(item))
  await results.get(40)
  await expect.poll(() => begun.length).toBe(16)
  expect(begun.toSorted((one, other) => one - other)).toEqual(numbers.slice(39, 55))
})

test('settled starts no further item', async () => {
  const { begun, work, end } = createWork()
  const results = new Prefetch(numbers, 2, work)
  void results.get(1)
  const settled = results.settled()
  end(1)
  end(2)
  expect(await settled).toEqual([10, 20])
  expect(begun).toEqual([1, 2])
})
