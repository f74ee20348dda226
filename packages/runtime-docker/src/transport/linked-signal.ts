import { setMaxListeners } from 'node:events'

/**
 * A signal that aborts with the first of its sources, or by itself.
 *
 * `AbortSignal.any` would leave a trace at a source that lives on for each call, on Node 20.
 */
export function linkSignals(signals: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const own = new AbortController()
  const sources = signals.filter((signal) => signal !== undefined)
  const aborted = sources.find((signal) => signal.aborted)
  if (aborted !== undefined) own.abort(aborted.reason)
  const forward = (event: Event) => own.abort(toReason(event.target))
  // Many calls may share one signal, and a call has several parts: node would warn of a leak from the eleventh on.
  setMaxListeners(0, own.signal, ...sources)
  for (const source of sources) source.addEventListener('abort', forward, { once: true })
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    unlink() {
      for (const source of sources) source.removeEventListener('abort', forward)
    },
  }
}

export interface LinkedSignal {
  readonly signal: AbortSignal
  /** Aborts this signal alone. */
  abort(reason?: unknown): void
  /** Lets go of the sources: to be called when what the signal is for has ended. */
  unlink(): void
}

function toReason(source: EventTarget | null): unknown {
  return source instanceof AbortSignal ? source.reason : undefined
}
