import { setMaxListeners } from 'node:events'

/**
 * Creates a signal that aborts with the reason of the first source that aborts, or by `abort`, until it is unlinked.
 *
 * It leaves nothing at a source that lives longer. `AbortSignal.any` would: Node 20 keeps a record there for each call.
 */
export function linkSignals(
  sources: readonly (AbortSignal | undefined)[],
  { delayMs = 0 }: LinkOptions = {},
): LinkedSignal {
  const own = new AbortController()
  const given = sources.filter((source) => source !== undefined)
  // Many calls may share one signal, and a call has several parts: Node would warn of a leak from the eleventh on.
  setMaxListeners(0, own.signal, ...given)
  const links = given.map((source) => follow(source, own, delayMs))
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    unlink: () => {
      for (const unlink of links) unlink()
    },
  }
}

/** Options of `linkSignals`. */
export interface LinkOptions {
  /** Milliseconds between the abort of a source and that of the linked signal. Default 0: at once. */
  readonly delayMs?: number
}

/** See {@link linkSignals}. */
export interface LinkedSignal {
  readonly signal: AbortSignal
  /** Aborts this signal alone, not its sources. */
  abort(reason?: unknown): void
  /** Removes the links to the sources. Call it when the signal is no longer needed. */
  unlink(): void
}

function follow(source: AbortSignal, own: AbortController, delayMs: number): () => void {
  let timer: NodeJS.Timeout | undefined
  const forward = () => {
    if (delayMs === 0) own.abort(source.reason)
    else timer = setTimeout(() => own.abort(source.reason), delayMs)
  }
  if (source.aborted) forward()
  else source.addEventListener('abort', forward, { once: true })
  return () => {
    clearTimeout(timer)
    source.removeEventListener('abort', forward)
  }
}
