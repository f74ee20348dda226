/**
 * Settles with the promise, or rejects with the signal's reason as soon as that aborts.
 *
 * What is waited for goes on, and what it does later is nobody's failure: no unhandled rejection comes of it.
 */
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
