import { isHostError } from '@capstan/core'
import { type ProbeAttempt, type ProbeStep, probeTimeoutRemedy } from '@capstan/core/plugin'

/** Why the command cannot be used: an attempt without its candidate. */
export type ProbeFailure = Omit<ProbeAttempt, 'candidate' | 'source'>

/** Thrown by the probe when it finds that the command cannot be used. */
export class ProbeFailureError extends Error {
  readonly failure: ProbeFailure

  constructor(failure: ProbeFailure) {
    super(failure.cause.message)
    this.failure = failure
  }
}

/**
 * Converts an error of the probe. A service that did not answer in time may be busy, so the remedy is a higher limit and not a
 * restart.
 */
export function toProbeFailure(error: unknown, step: ProbeStep): ProbeFailure {
  if (error instanceof ProbeFailureError) return error.failure
  if (isHostError(error, 'TIMED_OUT')) {
    const subject = step === 'service' ? 'the service behind the command' : 'the command'
    const message = `${subject} did not answer within ${error.facts.timeoutMs / 1000} s`
    return { step, cause: { code: error.code, message }, remedy: probeTimeoutRemedy }
  }
  const message = error instanceof Error ? error.message : String(error)
  const code = isHostError(error) ? error.code : 'UNKNOWN'
  return { step: 'probe', cause: { code, message }, remedy: 'try `container system status` at a terminal' }
}
