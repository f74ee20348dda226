import type { ProbeAttempt, ProbeOptions } from '../contract/probe.js'
import { linkSignals } from '../operation/signals/link-signals.js'
import { runWithin } from '../operation/signals/run-within.js'

/**
 * Tries candidates in parallel, each with its deadline; the first in order that answers, and an attempt for each that does not.
 *
 * The attempts are those before the one that is found. What is still under way by then, or at an abort, is aborted.
 */
export async function probeCandidates<C, R>(
  candidates: readonly C[],
  probe: (candidate: C, options: CandidateProbeOptions) => Promise<R>,
  describe: (candidate: C, error: unknown) => ProbeAttempt,
  options: ProbeCandidatesOptions<C>,
): Promise<{
  readonly found: { readonly candidate: C; readonly result: R } | undefined
  readonly attempts: readonly ProbeAttempt[]
}> {
  const { signal, toDefaultTimeoutMs = () => localTimeoutMs, ...rest } = options
  signal?.throwIfAborted()
  const search = linkSignals([signal])
  const running = candidates.map((candidate) => {
    const timeoutMs = options.timeoutMs ?? toDefaultTimeoutMs(candidate)
    return { candidate, outcome: settle(probe, candidate, { ...rest, timeoutMs, signal: search.signal }) }
  })
  const attempts: ProbeAttempt[] = []
  try {
    for (const { candidate, outcome } of running) {
      const settled = await outcome
      signal?.throwIfAborted()
      if ('result' in settled) return { found: { candidate, result: settled.result }, attempts }
      attempts.push(describe(candidate, settled.error))
    }
    return { found: undefined, attempts }
  } finally {
    search.abort(new Error('the search for an endpoint has ended'))
    search.unlink()
  }
}

/** Options of `probeCandidates`. */
export interface ProbeCandidatesOptions<C> extends ProbeOptions {
  /** The deadline of a candidate where `timeoutMs` sets none, in milliseconds. Default 10 000, for a socket of this machine. */
  readonly toDefaultTimeoutMs?: (candidate: C) => number
}

/** What the probe of one candidate gets. */
export interface CandidateProbeOptions extends ProbeOptions {
  /** The deadline that this candidate has. */
  readonly timeoutMs: number
}

type Settled<R> = { readonly result: R } | { readonly error: unknown }

/** One probe under its own deadline; it never rejects, and never outlives the deadline by more than a turn. */
async function settle<C, R>(
  probe: (candidate: C, options: CandidateProbeOptions) => Promise<R>,
  candidate: C,
  options: CandidateProbeOptions,
): Promise<Settled<R>> {
  const { timeoutMs, signal } = options
  const run = (own: { readonly signal: AbortSignal }) => probe(candidate, { ...options, ...own })
  try {
    return { result: await runWithin(run, { operation: 'probe', timeoutMs, signal }) }
  } catch (error) {
    return { error }
  }
}

const localTimeoutMs = 10_000
