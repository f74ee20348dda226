import { createHostError, linkSignals, startDeadline } from '@capstan/core/plugin'

/** One signal that aborts when the caller aborts, the deadline passes or the runtime closes. Has the reason of the first. */
export interface CallLimit {
  readonly signal: AbortSignal
  /** Aborts the signal with the given reason. */
  abort(reason: unknown): void
  /** Cancels the deadline. */
  cancelDeadline(): void
  /** Registers a function that `release` calls once. */
  onRelease(end: () => void): void
  /** Cancels the deadline and removes the listeners from the other signals. Call it when the call has ended. */
  release(): void
}

/** Creates the limit of a call; without `timeoutMs` there is no deadline. */
export function limitCall({ signals, operation, timeoutMs, option }: CallLimitOptions): CallLimit {
  const linked = linkSignals(signals)
  const expire = (limitMs: number) => {
    const facts = { operation, phase: undefined, timeoutMs: limitMs, lastLines: [] }
    linked.abort(createHostError('TIMED_OUT', option === undefined ? facts : { ...facts, option }))
  }
  const timer = timeoutMs === undefined ? undefined : startDeadline(timeoutMs, () => expire(timeoutMs))
  const ends = [() => timer?.clear(), linked.unlink]
  return {
    signal: linked.signal,
    abort: linked.abort,
    cancelDeadline: () => timer?.clear(),
    onRelease: (end) => void ends.push(end),
    release() {
      for (const end of ends.splice(0)) end()
    },
  }
}

export interface CallLimitOptions {
  readonly signals: readonly (AbortSignal | undefined)[]
  readonly operation: string
  readonly timeoutMs: number | undefined
  /** The plugin's option that raises the limit. */
  readonly option?: string | undefined
}
