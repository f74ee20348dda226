import { untilAborted } from './until-aborted.js'

/**
 * Settles with what `run` does, or rejects with the reason of `signal` as soon as that aborts.
 *
 * What ignores the signal that it gets holds nobody up: its late answer or failure is dropped. Aborted before: not run.
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
