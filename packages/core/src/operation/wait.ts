import { setTimeout as wait } from 'node:timers/promises'
import type { OperationOptions } from '../contract/operation.js'

/**
 * Resolves after `timeMs` milliseconds. Rejects with the reason of the signal if it aborts. `ref`: whether the delay keeps
 * the process running. Default true.
 */
export async function delay(
  timeMs: number,
  { signal, ref = true }: OperationOptions & { readonly ref?: boolean } = {},
): Promise<void> {
  const options = { ref, ...(signal === undefined ? {} : { signal }) }
  try {
    let leftMs = timeMs
    for (; leftMs > longestTimerMs; leftMs -= longestTimerMs) await wait(longestTimerMs, undefined, options)
    await wait(leftMs, undefined, options)
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

/**
 * Calls `ask` until it resolves with a value other than `undefined`, and resolves with that value. Waits 2 ms, 4 ms and so on
 * up to 250 ms between calls. After `limitMs` milliseconds of waiting between calls in total, calls it a last time and resolves
 * with its result.
 */
export async function poll<T>(
  ask: () => Promise<T | undefined>,
  { limitMs, signal }: OperationOptions & { readonly limitMs: number },
): Promise<T | undefined> {
  let waitedMs = 0
  for (let waitMs = shortestMs; ; waitMs = Math.min(2 * waitMs, longestMs)) {
    const answer = await ask()
    if (answer !== undefined || waitedMs >= limitMs) return answer
    const nextMs = Math.min(waitMs, limitMs - waitedMs)
    await delay(nextMs, { signal })
    waitedMs += nextMs
  }
}

/** Node ends a longer timer at once. */
const longestTimerMs = 2 ** 31 - 1
const shortestMs = 2
const longestMs = 250
