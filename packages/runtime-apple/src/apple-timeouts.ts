/**
 * How long a runtime waits for one run of the command, in milliseconds: TIMED_OUT then. A call with a signal waits until that
 * aborts instead. `docs/timeouts.md` lists them with all others.
 */
export interface AppleTimeouts {
  /** For a run that is none of the others: inspect, list, stop (beyond the grace of the stop), networks, volumes. */
  readonly answerMs: number
  /** For `ping`. */
  readonly pingMs: number
  readonly createMs: number
  /** For a container to run, or to have run. */
  readonly startMs: number
  readonly removeMs: number
  /** For the whole log of a container that another process started. */
  readonly logsMs: number
  readonly pullMs: number
  readonly buildMs: number
  /** For an archive of images to be written or read. */
  readonly archiveMs: number
  /** For an inspection beside a start or a wait; one that is not answered decides nothing. */
  readonly inspectAnswerMs: number
  /** For a run that makes something to end by itself, after an abort: to know what to undo. */
  readonly abortGraceMs: number
  /** For undoing what a failed or aborted call had made: what is left then is in the error's `undoFailures`. */
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
