import type { OperationOptions } from '@capstan/core'

/** Resolves with all; the first failure, or the abort, ends the others, and comes out when they have ended. */
export async function allOrNone<T>(
  signal: AbortSignal | undefined,
  begin: (own: OperationOptions) => readonly Promise<T>[],
): Promise<readonly T[]> {
  signal?.throwIfAborted()
  const own = new AbortController()
  const abort = () => own.abort(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    const begun = begin({ signal: own.signal })
    await Promise.all(begun.map((one) => one.catch((error: unknown) => own.abort(error))))
    own.signal.throwIfAborted()
    return await Promise.all(begun)
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}
