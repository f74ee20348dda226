import { setMaxListeners } from 'node:events'
import { createHostError } from '@capstan/core'

/** One signal for all that may end a call: the caller, the deadline, the closing of the runtime. The first gives the reason. */
export interface CallLimit {
  readonly signal: AbortSignal
  /** From here on there is no deadline. */
  stopClock(): void
  /** Stops the clock, and lets go of the other signals. Call it when there is nothing more to guard. */
  release(): void
}

/** Limits a call; without `timeoutMs` there is no deadline. */
export function limitCall(options: CallLimitOptions): CallLimit {
  const own = new AbortController()
  const forward = (event: Event) => own.abort(toReason(event.target))
  const sources = options.signals.filter((signal) => signal !== undefined)
  const aborted = sources.find((signal) => signal.aborted)
  if (aborted !== undefined) own.abort(aborted.reason)
  // Many calls may share one signal, and a call has several parts: node would warn of a leak from the eleventh on.
  setMaxListeners(0, own.signal, ...sources)
  for (const source of sources) source.addEventListener('abort', forward, { once: true })
  const timer = startTimer(own, options)
  return {
    signal: own.signal,
    stopClock: () => clearTimeout(timer),
    release() {
      clearTimeout(timer)
      for (const source of sources) source.removeEventListener('abort', forward)
    },
  }
}

export interface CallLimitOptions {
  readonly signals: readonly (AbortSignal | undefined)[]
  readonly operation: string
  readonly timeoutMs: number | undefined
  readonly phase?: string
}

function startTimer(own: AbortController, { operation, timeoutMs, phase }: CallLimitOptions) {
  if (timeoutMs === undefined) return undefined
  const expire = () => own.abort(createHostError('TIMED_OUT', { operation, phase, timeoutMs, lastLines: [] }))
  return setTimeout(expire, timeoutMs)
}

function toReason(source: EventTarget | null): unknown {
  return source instanceof AbortSignal ? source.reason : undefined
}
