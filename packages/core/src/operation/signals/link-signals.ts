import { setMaxListeners } from 'node:events'

/**
 * A signal that aborts with the first of its sources, until it is unlinked, or by itself.
 *
 * Leaves nothing at a source that lives on. `AbortSignal.any` would: Node 20 keeps a trace there for each call.
 */
export function linkSignals(sources: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const own = new AbortController()
  const given = sources.filter((source) => source !== undefined)
  // Many calls may share one signal, and a call has several parts: node would warn of a leak from the eleventh on.
  setMaxListeners(0, own.signal, ...given)
  const links = given.map((source) => follow(source, own))
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    unlink: () => {
      for (const unlink of links) unlink()
    },
  }
}

/** See {@link linkSignals}. */
export interface LinkedSignal {
  readonly signal: AbortSignal
  /** Aborts this signal alone, not its sources. */
  abort(reason?: unknown): void
  /** Lets go of the sources: to be called when what the signal is for has ended. */
  unlink(): void
}

function follow(source: AbortSignal, own: AbortController): () => void {
  const forward = () => own.abort(source.reason)
  if (source.aborted) forward()
  else source.addEventListener('abort', forward, { once: true })
  return () => source.removeEventListener('abort', forward)
}
