/** How long is waited for what an engine does late, in milliseconds. */
export interface Patience {
  /** For the answer to a short request, and for a connection to be taken over. */
  readonly answerMs: number
  /** Between two pings beside a stream, which may be silent for days. */
  readonly betweenPingsMs: number
  /** For the answer to such a ping. */
  readonly pingMs: number
  /** For the answer of an engine that makes something, after its client wants to go. */
  readonly afterAbortMs: number
  /** For what it makes of a request whose client has gone. */
  readonly unansweredMs: number
  /** For the end of a container, after that of its output. */
  readonly containerEndMs: number
  /** For the exit code of a further process, after the end of its output. */
  readonly execEndMs: number
  /** For the answer to a wait, after its container is gone. */
  readonly afterGoneMs: number
}

/** A create takes 50 to 150 ms, on a busy engine a second. */
export const defaultPatience: Patience = {
  answerMs: 60_000,
  betweenPingsMs: 30_000,
  pingMs: 15_000,
  afterAbortMs: 3_000,
  unansweredMs: 750,
  containerEndMs: 1_000,
  execEndMs: 5_000,
  afterGoneMs: 1_000,
}
