/**
 * The limits of a runtime, in milliseconds. A run of the command that exceeds its limit rejects with TIMED_OUT. A caller's
 * signal replaces all but the last three. `docs/timeouts.md` lists all limits.
 */
export interface AppleTimeouts {
  /** Every run without a limit of its own: inspect, list, networks, volumes, and stop after its grace period. */
  readonly answerMs: number
  /** `ping`. */
  readonly pingMs: number
  readonly createMs: number
  /** The start of a container, until its program runs or has ended. */
  readonly startMs: number
  readonly removeMs: number
  /** The whole log of a container that another process started. */
  readonly logsMs: number
  /** A pull or a push. */
  readonly pullMs: number
  readonly buildMs: number
  /** Writing or reading an archive of images. */
  readonly archiveMs: number
  /** An inspection during a start or a wait. One without an answer has no effect. */
  readonly inspectAnswerMs: number
  /** After an abort: the end of a run that creates something, so that it is known what to undo. */
  readonly abortGraceMs: number
  /** Undoing a failed or aborted call. Failures of the undo are in the error's `undoFailures`. */
  readonly undoMs: number
}

export const defaultAppleTimeouts: AppleTimeouts = {
  answerMs: 60_000,
  pingMs: 10_000,
  createMs: 300_000,
  startMs: 120_000,
  removeMs: 90_000,
  logsMs: 120_000,
  pullMs: 3_600_000,
  buildMs: 7_200_000,
  archiveMs: 600_000,
  inspectAnswerMs: 10_000,
  abortGraceMs: 5_000,
  undoMs: 30_000,
}
