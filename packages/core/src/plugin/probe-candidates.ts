import type { ProbeAttempt, ProbeOptions } from '../contract/probe.js'
import { linkSignals } from '../operation/signals/link-signals.js'
import { runWithin } from '../operation/signals/run-within.js'

/**
 * Probes candidates in parallel, each with its own time limit. Resolves with the first one in order that succeeds, and with
 * the attempts of those before it, which `describe` creates from their errors.
 *
 * Aborts the other probes when a candidate is found or the signal aborts. Rejects only on an abort.
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
  /** Returns the limit of a candidate in milliseconds, where `timeoutMs` is not set. Default: 10 000, for a local socket. */
  readonly toDefaultTimeoutMs?: (candidate: C) => number
}

/** Options of the probe of a candidate. */
export interface CandidateProbeOptions extends ProbeOptions {
  /** The limit of this candidate in milliseconds. */
  readonly timeoutMs: number
}

type Settled<R> = { readonly result: R } | { readonly error: unknown }

/** Runs a probe within its limit. Never rejects, also when the probe ignores its signal. */
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
