/**
 * Settles with a promise, or rejects with the reason of the signal as soon as it aborts. A later rejection of the promise is
 * handled and ignored.
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
