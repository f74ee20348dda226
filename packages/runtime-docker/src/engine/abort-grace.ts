import { linkSignals } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from './docker-engine.js'

/**
 * Runs `work`, which asks the engine to create something, with a signal that aborts `timeouts.abortGraceMs` later than
 * that of the operation. An engine finishes a request whose client disconnects, and only the answer says what must be
 * undone.
 */
export async function withAbortGrace<T, C extends EngineCall>(
  { timeouts }: Pick<DockerEngine, 'timeouts'>,
  call: C,
  work: (graceCall: C & { readonly signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  call.signal?.throwIfAborted()
  const { hasCallerSignal = call.signal !== undefined } = call
  const late = linkSignals([call.signal], { delayMs: timeouts.abortGraceMs })
  try {
    return await work({ ...call, hasCallerSignal, signal: late.signal })
  } finally {
    late.unlink()
  }
}
