import { linkSignals } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from './docker-engine.js'

/**
 * Does `work`, which requests that the engine creates something. An engine continues when its client disconnects, so `work`
 * gets a call whose signal aborts `timeouts.abortGraceMs` later than that of the operation: the answer tells what there is
 * to undo.
 */
export async function withAbortGrace<T, C extends EngineCall>(
  { timeouts }: Pick<DockerEngine, 'timeouts'>,
  call: C,
  work: (patient: C & { readonly signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  call.signal?.throwIfAborted()
  const { isBounded = call.signal !== undefined } = call
  const late = linkSignals([call.signal], { delayMs: timeouts.abortGraceMs })
  try {
    return await work({ ...call, isBounded, signal: late.signal })
  } finally {
    late.unlink()
  }
}
