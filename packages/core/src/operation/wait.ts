import { setTimeout as wait } from 'node:timers/promises'
import type { OperationOptions } from '../contract/operation.js'

/** Resolves after `timeMs` milliseconds; rejects with the reason of the signal when that aborts. */
export async function delay(timeMs: number, { signal, ref = true }: DelayOptions = {}): Promise<void> {
  try {
    await wait(timeMs, undefined, { ref, ...(signal === undefined ? {} : { signal }) })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

/** Options of `delay`. */
export interface DelayOptions extends OperationOptions {
  /** Whether the delay keeps the process running. Default true. */
  readonly ref?: boolean
}

/**
 * Calls `ask` until it resolves with a value, and resolves with that value: after 2 ms, 4 ms and so on up to every 250 ms.
 * Resolves with `undefined` when it has waited `limitMs` milliseconds in all and the last answer was `undefined`.
 */
export async function poll<T>(
  ask: () => Promise<T | undefined>,
  { limitMs, signal }: PollOptions,
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

/** Options of `poll`. */
export interface PollOptions extends OperationOptions {
  readonly limitMs: number
}

const shortestMs = 2
const longestMs = 250
