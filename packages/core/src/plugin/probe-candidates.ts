import { linkSignals } from '../signals/link-signals.js'
import { runWithin } from '../signals/run-within.js'
import type { ProbeAttempt, ProbeOptions } from './probe.js'

/**
 * Tries candidates in parallel, each with the deadline; the first in order that answers, and an attempt for each that does not.
 *
 * The attempts are those before the one that is found. What is still under way by then, or at an abort, is aborted.
 */
export async function probeCandidates<C, R>(
  candidates: readonly C[],
  probe: (candidate: C, options: ProbeOptions) => Promise<R>,
  describe: (candidate: C, error: unknown) => ProbeAttempt,
  options: ProbeOptions,
): Promise<{
  readonly found: { readonly candidate: C; readonly result: R } | undefined
  readonly attempts: readonly ProbeAttempt[]
}> {
  options.signal?.throwIfAborted()
  const search = linkSignals([options.signal])
  const own = { ...options, signal: search.signal }
  const running = candidates.map((candidate) => ({ candidate, outcome: settle(probe, candidate, own) }))
  const attempts: ProbeAttempt[] = []
  try {
    for (const { candidate, outcome } of running) {
      const settled = await outcome
      options.signal?.throwIfAborted()
      if ('result' in settled) return { found: { candidate, result: settled.result }, attempts }
      attempts.push(describe(candidate, settled.error))
    }
    return { found: undefined, attempts }
  } finally {
    search.abort(new Error('the search for an endpoint has ended'))
    search.unlink()
  }
}

type Settled<R> = { readonly result: R } | { readonly error: unknown }

/** One probe under its own deadline; it never rejects, and never outlives the deadline by more than a turn. */
async function settle<C, R>(
  probe: (candidate: C, options: ProbeOptions) => Promise<R>,
  candidate: C,
  options: ProbeOptions,
): Promise<Settled<R>> {
  const { timeoutMs, signal } = options
  const run = (own: { readonly signal: AbortSignal }) => probe(candidate, { ...options, ...own })
  try {
    return { result: await runWithin(run, { operation: 'probe', timeoutMs, signal }) }
  } catch (error) {
    return { error }
  }
}
