// Runs to the end

export type { EndOptions, EndResult } from './run/end-result.js'
export { type ExecToEndOptions, execToEnd } from './run/exec-to-end.js'
export { iterateProgress, type ProgressIteration, type ProgressOptions } from './run/iterate-progress.js'
export { type JobOutcome, type RunJobsOptions, runJobs } from './run/run-jobs.js'
export { runToEnd } from './run/run-to-end.js'

// Copying

export { type CopyInOptions, copyIn } from './copy/copy-in.js'
export type { CopyOptions, CopyResult } from './copy/copy-options.js'
export { type CopyOutOptions, copyOut } from './copy/copy-out.js'

// Waiting

export { allOf, anyOf } from './wait/combine.js'
export { commandSucceeds } from './wait/command-succeeds.js'
export { healthy } from './wait/healthy.js'
export { type HttpAnswerOptions, httpAnswer } from './wait/http-answer.js'
export { type LogLineOptions, logLine } from './wait/log-line.js'
export { type PortOpenOptions, portOpen } from './wait/port-open.js'
export { type WaitForOptions, waitFor } from './wait/wait-for.js'
export type { WaitContext, WaitStrategy } from './wait/wait-strategy.js'
