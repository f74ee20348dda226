import { isHostError } from '@capstan/core'
import { type ProbeStep, raiseLimitRemedy } from '@capstan/core/plugin'

interface Failure {
  readonly step: ProbeStep
  readonly code: string
  readonly message: string
  readonly remedy: string
}

/** Why the installed command cannot be used, and what to do. */
export class FailedProbe extends Error implements Failure {
  readonly step: ProbeStep
  readonly code: string
  readonly remedy: string

  constructor({ step, code, message, remedy }: Failure) {
    super(message)
    this.step = step
    this.code = code
    this.remedy = remedy
  }

  /** A service that did not answer in time may be busy, so the remedy is a higher limit and not a restart. */
  static from(error: unknown, { step }: Pick<Failure, 'step'>): Failure {
    if (error instanceof FailedProbe) return error
    if (isHostError(error, 'TIMED_OUT')) {
      const subject = step === 'service' ? 'the service behind the command' : 'the command'
      const message = `${subject} did not answer within ${error.facts.timeoutMs / 1000} s`
      return { step, code: error.code, message, remedy: raiseLimitRemedy }
    }
    const message = error instanceof Error ? error.message : String(error)
    const code = isHostError(error) ? error.code : 'UNKNOWN'
    return { step: 'probe', code, message, remedy: 'try `container system status` at a terminal' }
  }
}
