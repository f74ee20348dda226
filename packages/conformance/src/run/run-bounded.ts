import type { OperationOptions } from '@capstan/core'

/** Runs `work` on all items, at most `concurrency` at once. Resolves with the results in the order of the items. */
export async function runBounded<T, R>(
  items: readonly T[],
  { concurrency, signal }: OperationOptions & { readonly concurrency: number },
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Map<number, R>()
  const remaining = items.entries()
  const workers = Array.from({ length: Math.max(1, concurrency) }, async () => {
    for (const [index, item] of remaining) {
      if (signal?.aborted) return
      results.set(index, await work(item))
    }
  })
  await Promise.all(workers)
  signal?.throwIfAborted()
  return [...results].toSorted(([one], [other]) => one - other).map(([, result]) => result)
}
