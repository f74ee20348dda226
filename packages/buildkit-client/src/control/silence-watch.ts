import type { ClientHttp2Session } from 'node:http2'

/** Times of a `SilenceWatch`, for tests. */
export interface SilenceTimes {
  /** The time without a byte after which a ping is sent while calls are pending. Default 10 s. */
  readonly silenceMs?: number
  /** The time in which a ping is answered. Default 20 s. */
  readonly answerMs?: number
}

/**
 * Ends an HTTP/2 session whose peer does not answer a ping while calls are pending.
 *
 * Node does not report a peer that is gone without closing the connection, and its calls never end. gRPC servers close
 * connections with several pings in five minutes without data, so one silence has one ping in that time.
 */
export class SilenceWatch {
  readonly #session: ClientHttp2Session
  readonly #times: Required<SilenceTimes>
  #calls = 0
  #timer: NodeJS.Timeout | undefined
  #isSilent = false

  constructor(session: ClientHttp2Session, { silenceMs = 10_000, answerMs = 20_000 }: SilenceTimes = {}) {
    this.#session = session
    this.#times = { silenceMs, answerMs }
    session.once('close', () => clearTimeout(this.#timer))
  }

  /** Whether no call is pending. */
  get isIdle(): boolean {
    return this.#calls === 0
  }

  /** Called when a call begins. */
  begin(): void {
    this.#calls += 1
    this.noteData()
  }

  /** Called when a call has ended. */
  end(): void {
    this.#calls -= 1
    if (this.#calls > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Called when data of a call has arrived. */
  noteData(): void {
    if (this.#calls === 0) return
    if (!this.#isSilent && this.#timer !== undefined) this.#timer.refresh()
    else this.#start(this.#times.silenceMs, () => this.#ping())
    this.#isSilent = false
  }

  #ping(): void {
    this.#isSilent = true
    const reason = new Error('the peer did not answer a ping')
    this.#start(this.#times.answerMs, () => this.#session.destroy(reason))
    this.#session.ping((error) => {
      if (!error && this.#isSilent && this.#calls > 0) this.#start(pingIntervalMs, () => this.#ping())
    })
  }

  #start(delayMs: number, action: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(action, delayMs)
  }
}

/** The minimum of gRPC servers: https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md */
const pingIntervalMs = 5 * 60_000 + 10_000
