import { setMaxListeners } from 'node:events'

/**
 * A signal that aborts with the first of its sources, until it is unlinked, or by itself.
 *
 * Leaves nothing at a source that lives on. `AbortSignal.any` would: Node 20 keeps a trace there for each call.
 */
export function linkAbort(sources: readonly (AbortSignal | undefined)[]): LinkedAbort {
  const own = new AbortController()
  setMaxListeners(0, own.signal) // one for each of many probes is no leak
  const links = sources.flatMap((source) => (source === undefined ? [] : [follow(source, own)]))
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    unlink: () => {
      for (const unlink of links) unlink()
    },
  }
}

/** See {@link linkAbort}. */
export interface LinkedAbort {
  readonly signal: AbortSignal
  /** Aborts this signal alone, not its sources. */
  abort(reason: unknown): void
  /** To be called when what the signal is for has ended. */
  unlink(): void
}

function follow(source: AbortSignal, own: AbortController): () => void {
  const forward = () => own.abort(source.reason)
  if (source.aborted) forward()
  else source.addEventListener('abort', forward, { once: true })
  return () => source.removeEventListener('abort', forward)
}
