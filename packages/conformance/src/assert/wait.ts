import { AsyncLocalStorage } from 'node:async_hooks'
import { delay } from '@capstan/core/plugin'
import { ConformanceFailure } from '../conformance-failure.js'

/** Multiplies all limits and pauses in the work by `factor`: the time limit of a case divided by its default, at least 1. */
export function withWaitFactor<T>(factor: number, work: () => T): T {
  return waitFactor.run(factor, work)
}

const waitFactor = new AsyncLocalStorage<number>()

/** Settles with the promise and fails when it is pending after the limit. See {@link withWaitFactor}. */
export async function within<T>(limitMs: number, what: string, promise: PromiseLike<T>): Promise<T> {
  const milliseconds = limitMs * (waitFactor.getStore() ?? 1)
  let timer: NodeJS.Timeout | undefined
  const expiry = new Promise<never>((_, reject) => {
    const late = () => reject(new ConformanceFailure(`${what} within ${milliseconds} ms`, 'nothing by then'))
    timer = setTimeout(late, milliseconds)
  })
  return await Promise.race([promise, expiry]).finally(() => clearTimeout(timer))
}

/** Polls until the answer is not `undefined` and fails at the time limit. */
export async function eventually<T>(
  what: string,
  ask: () => PromiseLike<T | undefined> | T | undefined,
  { timeoutMs: limitMs = 8000 }: { readonly timeoutMs?: number } = {},
): Promise<T> {
  const timeoutMs = limitMs * (waitFactor.getStore() ?? 1)
  const end = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > end) throw new ConformanceFailure(`${what} within ${timeoutMs} ms`, 'nothing by then')
    await delay(intervalMs)
  }
}

/** Waits, for a request to arrive or to verify that something does not happen. See {@link withWaitFactor}. */
export function pause(milliseconds: number): Promise<void> {
  return delay(milliseconds * (waitFactor.getStore() ?? 1))
}

const intervalMs = 25
