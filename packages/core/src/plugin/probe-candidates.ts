import { createHostError } from '../errors/create-host-error.js'
import type { ProbeAttempt, ProbeOptions } from './probe.js'

/** Tries candidates in parallel, each with the deadline; the first in order that answers, and an attempt for each that does not. */
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
  const running = candidates.map((candidate) => ({ candidate, outcome: settle(probe, candidate, options) }))
  const attempts: ProbeAttempt[] = []
  for (const { candidate, outcome } of running) {
    const settled = await outcome
    options.signal?.throwIfAborted()
    if ('result' in settled) return { found: { candidate, result: settled.result }, attempts }
    attempts.push(describe(candidate, settled.error))
  }
  return { found: undefined, attempts }
}

type Settled<R> = { readonly result: R } | { readonly error: unknown }

/** One probe under its own deadline; it never rejects, and never outlives the deadline by more than a turn. */
function settle<C, R>(
  probe: (candidate: C, options: ProbeOptions) => Promise<R>,
  candidate: C,
  options: ProbeOptions,
): Promise<Settled<R>> {
  const { timeoutMs } = options
  const own = new AbortController()
  const forward = () => own.abort(options.signal?.reason)
  options.signal?.addEventListener('abort', forward, { once: true })
  const timer = setTimeout(() => own.abort(toTimedOut(timeoutMs)), timeoutMs)
  const expired = new Promise<Settled<R>>((resolve) => {
    own.signal.addEventListener('abort', () => resolve({ error: own.signal.reason }), { once: true })
  })
  const probed = Promise.resolve()
    .then(() => probe(candidate, { ...options, signal: own.signal }))
    .then(
      (result) => ({ result }),
      (error: unknown) => ({ error: own.signal.aborted ? own.signal.reason : error }),
    )
  return Promise.race([probed, expired]).finally(() => {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', forward)
  })
}

function toTimedOut(timeoutMs: number): unknown {
  return createHostError('TIMED_OUT', { operation: 'probe', phase: undefined, timeoutMs, lastLines: [] })
}
