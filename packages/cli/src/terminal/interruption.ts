import { constants } from 'node:os'

/** Why a command was ended from outside; what it had begun is undone. */
export class Interruption extends Error {
  readonly signal: InterruptSignal
  /** 128 and the number of the signal, as a shell reports it: 130 for SIGINT, 143 for SIGTERM. */
  readonly exitCode: number

  constructor(signal: InterruptSignal) {
    super(`interrupted by ${signal}`)
    this.name = 'Interruption'
    this.signal = signal
    this.exitCode = 128 + constants.signals[signal]
  }
}

/** SIGPIPE stands for a reader of stdout that went away: Node makes an EPIPE of it. */
export type InterruptSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE'
