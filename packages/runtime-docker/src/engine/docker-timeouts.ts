/** How long a runtime waits for its engine, in milliseconds. `docs/timeouts.md` lists them with all others. */
export interface DockerTimeouts {
  /**
   * For the answer to one request (create, start, inspect, list, …), in a call without a signal: TIMED_OUT then. A call
   * with a signal waits until that aborts, as long as the engine answers pings. Pulls and builds have no such limit.
   */
  readonly answerMs: number
  /** For the answer to `ping`, in a call without a signal. */
  readonly pingMs: number
  /** For a connection to a TCP endpoint to be made. */
  readonly connectMs: number
  /** Between two pings during a stream, and during a request without a limit of its own. */
  readonly livenessIntervalMs: number
  /** For the answer to such a ping. Three in a row without one: CONNECTION_LOST. */
  readonly livenessAnswerMs: number
  /** Between two inspections of a container that is waited for. */
  readonly inspectIntervalMs: number
  /** For the answer to such an inspection; one that is not answered is ignored. */
  readonly inspectAnswerMs: number
  /** For the answer to a request that makes something, after an abort: to know what to undo. */
  readonly abortGraceMs: number
  /** For the result of a request that the engine has not answered to appear in a list. */
  readonly lateResultMs: number
  /** For the end of a container, after the end of its output: CONNECTION_LOST then. */
  readonly containerEndMs: number
  /** For a process to exist just after its start: for a signal to an exec, for the first size of a terminal. */
  readonly execStartMs: number
  /** For the exit code of an exec, after the end of its output: EXIT_CODE_UNKNOWN then. */
  readonly execEndMs: number
  /** For the answer to a wait, after its container is gone: EXIT_CODE_UNKNOWN then. */
  readonly afterGoneMs: number
  /** For undoing what a failed or aborted call made. What is left then is in the error's `undoFailures`. */
  readonly undoMs: number
  /** For undoing calls that are under way when the runtime is closed. */
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
