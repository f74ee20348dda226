import { untilAborted } from './until-aborted.js'

/**
 * Settles with the result of `run`, or rejects with the reason of `signal` as soon as it aborts. Then the result of `run`,
 * which may ignore the signal, is discarded. If the signal has aborted before the call, `run` is not called.
 */
export async function runUntilAborted<T>(
  run: (own: { readonly signal: AbortSignal }) => PromiseLike<T>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted()
  return await untilAborted(
    Promise.resolve().then(() => run({ signal })),
    signal,
  )
}
