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
    const run = (own: { readonly signal: AbortSignal }) => probe(candidate, { ...rest, timeoutMs, ...own })
    const outcome = runWithin(run, { operation: 'probe', timeoutMs, signal: search.signal })
    // Handles each rejection at once, since the outcomes are awaited in sequence.
    const settled = outcome.then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    )
    return { candidate, settled }
  })
  const attempts: ProbeAttempt[] = []
  try {
    for (const { candidate, settled } of running) {
      const outcome = await settled
      signal?.throwIfAborted()
      if ('result' in outcome) return { found: { candidate, result: outcome.result }, attempts }
      attempts.push(describe(candidate, outcome.error))
    }
    return { found: undefined, attempts }
  } finally {
    search.abort(new Error('another endpoint was found, or the probe was aborted'))
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

const localTimeoutMs = 10_000
