import { createHostError, type Deadline, type LinkedSignal, linkSignals, startDeadline } from '@capstan/core/plugin'

/** One signal for all that may end a call: the caller, the deadline, the closing of the runtime. The first gives the reason. */
export interface CallLimit {
  readonly signal: AbortSignal
  /** Ends the call for a reason of its own. */
  abort(reason: unknown): void
  /** From here on there is no deadline. */
  stopClock(): void
  /** To be called with the release, once. */
  onRelease(end: () => void): void
  /** Stops the clock, and lets go of the other signals. Call it when there is nothing more to guard. */
  release(): void
}

/** Limits a call; without `timeoutMs` there is no deadline. */
export function limitCall(options: CallLimitOptions): CallLimit {
  const linked = linkSignals(options.signals)
  const timer = startTimer(linked, options)
  const ends = [() => timer?.clear(), linked.unlink]
  return {
    signal: linked.signal,
    abort: linked.abort,
    stopClock: () => timer?.clear(),
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
  readonly phase?: string
  /** The plugin's option that raises the limit. */
  readonly option?: string | undefined
}

function startTimer(
  own: LinkedSignal,
  { operation, timeoutMs, phase, option }: CallLimitOptions,
): Deadline | undefined {
  if (timeoutMs === undefined) return undefined
  const facts = { operation, phase, timeoutMs, lastLines: [], ...(option === undefined ? {} : { option }) }
  return startDeadline(timeoutMs, () => own.abort(createHostError('TIMED_OUT', facts)))
}
