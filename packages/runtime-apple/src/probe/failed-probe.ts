import { isHostError, type ProbeStep } from '@capstan/core'

interface Failure {
  readonly step: ProbeStep
  readonly code: string
  readonly message: string
  readonly remedy: string
}

/** Why the command that was found does not serve, and what to do. */
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

  static from(error: unknown): Failure {
    if (error instanceof FailedProbe) return error
    const message = error instanceof Error ? error.message : String(error)
    const code = isHostError(error) ? error.code : 'UNKNOWN'
    const remedy =
      code === 'TIMED_OUT'
        ? 'the command or its service hangs: `container system stop`, then `container system start`'
        : 'try `container system status` at a terminal'
    return { step: 'probe', code, message, remedy }
  }
}
