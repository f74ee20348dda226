import type { OperationOptions } from '../../contract/operation.js'
import { createHostError } from '../../errors/create-host-error.js'
import { startDeadline } from './deadline.js'
import { linkSignals } from './link-signals.js'
import { runUntilAborted } from './run-until-aborted.js'

/**
 * Settles with what `run` does; rejects with the reason of an abort, or with TIMED_OUT, though `run` ignores its signal.
 *
 * Data that has arrived when the time is over is read first: see {@link startDeadline}.
 */
export async function runWithin<T>(
  run: (own: { readonly signal: AbortSignal }) => PromiseLike<T>,
  { operation, timeoutMs, graceMs = 0, signal }: TimeLimit,
): Promise<T> {
  const link = linkSignals([signal])
  const expire = () =>
    link.abort(createHostError('TIMED_OUT', { operation, phase: undefined, timeoutMs, lastLines: [] }))
  const deadline = startDeadline(timeoutMs + graceMs, expire)
  try {
    return await runUntilAborted(run, link.signal)
  } finally {
    deadline.clear()
    link.unlink()
  }
}

/** How long, and until which abort. */
export interface TimeLimit extends OperationOptions {
  /** Named in the error. */
  readonly operation: string
  readonly timeoutMs: number
  /** Milliseconds added to `timeoutMs`, so that an answer of `run` that keeps the limit comes first. Default 0. */
  readonly graceMs?: number
}
