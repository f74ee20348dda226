import { constants } from 'node:os'

/** The reason for an abort by a signal of the operating system. */
export class Interruption extends Error {
  override readonly name = 'Interruption'
  readonly signal: InterruptSignal
  /** 128 plus the number of the signal, as a shell reports it: 130 for SIGINT, 143 for SIGTERM. */
  readonly exitCode: number

  constructor(signal: InterruptSignal) {
    super(`interrupted by ${signal}`)
    this.signal = signal
    this.exitCode = 128 + constants.signals[signal]
  }
}

/** SIGPIPE means that the reader of stdout closed it. Node reports that as the error EPIPE instead of a signal. */
export type InterruptSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE'
