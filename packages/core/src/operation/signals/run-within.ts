import type { OperationOptions } from '../../contract/operation.js'
import { createHostError } from '../../errors/create-host-error.js'
import { startDeadline } from './deadline.js'
import { linkSignals } from './link-signals.js'
import { runUntilAborted } from './until-aborted.js'

/**
 * Settles with the result of `run`. Rejects with the reason of an abort, and with TIMED_OUT after the limit, also if `run`
 * ignores its signal. Data that arrived before the timeout is read first: see {@link startDeadline}.
 */
export async function runWithin<T>(
  run: (options: { readonly signal: AbortSignal }) => PromiseLike<T>,
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

/** The limit of a call. */
export interface TimeLimit extends OperationOptions {
  /** The name of the operation in the error. */
  readonly operation: string
  readonly timeoutMs: number
  /** Milliseconds added to `timeoutMs`, so that a `run` that observes the limit itself can settle first. Default 0. */
  readonly graceMs?: number
}
