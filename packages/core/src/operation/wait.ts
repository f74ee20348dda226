import { setTimeout as wait } from 'node:timers/promises'
import type { OperationOptions } from '../contract/operation.js'

/** Resolves after `timeMs` milliseconds. Rejects with the reason of the signal if it aborts. */
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
 * Calls `ask` until it resolves with a value other than `undefined`, and resolves with that value. Waits 2 ms, 4 ms and so on
 * up to 250 ms between calls. Resolves with `undefined` when it has waited `limitMs` in total between calls.
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
  /** Milliseconds to wait between calls in total. There is a last call after that. */
  readonly limitMs: number
}

const shortestMs = 2
const longestMs = 250
