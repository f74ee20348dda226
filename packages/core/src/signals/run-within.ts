import { createHostError } from '../errors/create-host-error.js'
import type { OperationOptions } from '../operation.js'
import { linkSignals } from './link-signals.js'
import { runUntilAborted } from './run-until-aborted.js'

/** Settles with what `run` does; rejects with the reason of an abort, or with TIMED_OUT, though `run` ignores its signal. */
export async function runWithin<T>(
  run: (own: { readonly signal: AbortSignal }) => PromiseLike<T>,
  { operation, timeoutMs, graceMs = 0, signal }: TimeLimit,
): Promise<T> {
  const link = linkSignals([signal])
  const expire = () =>
    link.abort(createHostError('TIMED_OUT', { operation, phase: undefined, timeoutMs, lastLines: [] }))
  const timer = setTimeout(expire, timeoutMs + graceMs)
  try {
    return await runUntilAborted(run, link.signal)
  } finally {
    clearTimeout(timer)
    link.unlink()
  }
}

/** How long, and until which abort. */
export interface TimeLimit extends OperationOptions {
  /** Named in the error. */
  readonly operation: string
  readonly timeoutMs: number
  /** Beyond `timeoutMs`, so that the word of one who keeps the limit himself comes first. Default 0. */
  readonly graceMs?: number
}
