/** The time limits of a runtime, in milliseconds. `docs/timeouts.md` lists them. */
export interface DockerTimeouts {
  /**
   * For the answer to one request (create, start, inspect, list, …) of a call without a signal; then TIMED_OUT. Starts
   * again when the engine answers a request that was sent earlier, because a busy engine answers late. A call
   * with a signal waits until it aborts, as long as the engine answers pings. Pulls, builds, saves and loads have
   * no such limit.
   */
  readonly answerMs: number
  /** For the answer to `ping`, in a call without a signal. */
  readonly pingMs: number
  /** For connecting to the endpoint, also to a Unix socket whose backlog is full; then TIMED_OUT. */
  readonly connectMs: number
  /** Between two pings during a stream, and during a request without a limit of its own. */
  readonly livenessIntervalMs: number
  /**
   * For the answer to such a ping. CONNECTION_LOST follows after three unanswered pings in a row, or a refused
   * connection.
   */
  readonly livenessAnswerMs: number
  /** Between two inspections of a container during `waitContainer` and `startAttached`. */
  readonly inspectIntervalMs: number
  /** For the answer to such an inspection. An unanswered inspection is ignored. */
  readonly inspectAnswerMs: number
  /** For the answer to a request that creates something, after an abort, to find out what to undo. */
  readonly abortGraceMs: number
  /** For the object of an unanswered create request to appear. */
  readonly lateResultMs: number
  /** For the exit of a container after the end of its output; then CONNECTION_LOST. */
  readonly containerEndMs: number
  /** For a process to exist after its start, before a signal to an exec and before the first resize of a terminal. */
  readonly execStartMs: number
  /** For the exit code of an exec after the end of its output; then EXIT_CODE_UNKNOWN. */
  readonly execEndMs: number
  /** For the answer to a wait after its container was removed; then EXIT_CODE_UNKNOWN. */
  readonly afterGoneMs: number
  /** For undoing a failed or aborted call. Steps that do not end in time are in the error's `undoFailures`. */
  readonly undoMs: number
  /** For undoing the calls in progress when the runtime is closed. */
  readonly closeMs: number
}

/** A create takes 50 to 150 ms on an idle engine, and seconds on a busy one. */
export const defaultTimeouts: DockerTimeouts = {
  answerMs: 60_000,
  pingMs: 10_000,
  connectMs: 10_000,
  livenessIntervalMs: 30_000,
  livenessAnswerMs: 15_000,
  inspectIntervalMs: 5_000,
  inspectAnswerMs: 10_000,
  abortGraceMs: 3_000,
  lateResultMs: 750,
  containerEndMs: 10_000,
  execStartMs: 10_000,
  execEndMs: 30_000,
  afterGoneMs: 5_000,
  undoMs: 30_000,
  closeMs: 20_000,
}
