import { createHostError, type Deadline, linkSignals, startDeadline } from '@capstan/core/plugin'

/** One signal that aborts when the caller aborts, the deadline passes or the runtime closes. Has the reason of the first. */
export interface CallLimit {
  readonly signal: AbortSignal
  /** Aborts the signal with the given reason. */
  abort(reason: unknown): void
  /** Starts the time of the deadline again, unless it was cancelled or has passed. */
  renewDeadline(): void
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
  const deadline = timeoutMs === undefined ? undefined : startRenewable(timeoutMs, () => expire(timeoutMs))
  const ends = [() => deadline?.clear(), linked.unlink]
  return {
    signal: linked.signal,
    abort: linked.abort,
    renewDeadline: () => deadline?.renew(),
    cancelDeadline: () => deadline?.clear(),
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

/** Starts a deadline whose time can start again. Renewing it is cheap: it sets no timer. */
function startRenewable(timeoutMs: number, expire: () => void): Deadline & { renew(): void } {
  let end = performance.now() + timeoutMs
  let isRenewed = false
  const start = (ms: number): Deadline =>
    startDeadline(ms, () => {
      if (!isRenewed) return expire()
      isRenewed = false
      deadline = start(Math.max(1, end - performance.now()))
    })
  let deadline = start(timeoutMs)
  return {
    renew() {
      end = performance.now() + timeoutMs
      isRenewed = true
    },
    clear: () => deadline.clear(),
  }
}
