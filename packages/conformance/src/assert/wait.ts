import { ConformanceFailure } from '../conformance-failure.js'

/** Settles with the promise, and fails when that takes longer: something hangs. */
export async function within<T>(milliseconds: number, what: string, promise: PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const expiry = new Promise<never>((_, reject) => {
    const late = () => reject(new ConformanceFailure(`${what} within ${milliseconds} ms`, 'nothing by then'))
    timer = setTimeout(late, milliseconds)
  })
  return await Promise.race([promise, expiry]).finally(() => clearTimeout(timer))
}

/** Asks again and again until the answer is not `undefined`; fails when the time is over. */
export async function eventually<T>(
  what: string,
  ask: () => PromiseLike<T | undefined> | T | undefined,
  { timeoutMs = 8000 }: { readonly timeoutMs?: number } = {},
): Promise<T> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > end) throw new ConformanceFailure(`${what} within ${timeoutMs} ms`, 'nothing by then')
    await pause(intervalMs)
  }
}

/** Lets the time pass: for what must *not* happen meanwhile, and between two questions. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

const intervalMs = 25
