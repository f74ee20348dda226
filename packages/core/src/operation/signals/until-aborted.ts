/** Settles with a promise, or rejects with the reason of the signal as soon as it aborts. Ignores a later rejection. */
export function untilAborted<T>(waited: PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal?.reason)
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
    Promise.resolve(waited)
      .then(resolve, reject)
      .finally(() => signal?.removeEventListener('abort', abort))
  })
}

/**
 * Settles with the result of `run`, or rejects with the reason of `signal` as soon as it aborts. Then the result of `run`,
 * which may ignore the signal, is discarded. If the signal has aborted before the call, `run` is not called.
 */
export async function runUntilAborted<T>(
  run: (options: { readonly signal: AbortSignal }) => PromiseLike<T>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted()
  return await untilAborted(
    Promise.resolve().then(() => run({ signal })),
    signal,
  )
}
