import type { JobConfig, JobManager, JobResult } from '@capstan/core'
import { check, checkInteger, linkSignals } from '@capstan/core/plugin'
import { captureToEnd, checkEndOptions } from './capture-to-end.js'
import type { EndOptions, EndResult } from './end-result.js'

/**
 * Runs jobs, at most `concurrency` at a time, and yields the outcome of each when it ends, with its captured output. A job that
 * fails does not end the others: its outcome has the error.
 *
 * `configs` is read as jobs can start, so it may be a generator without end. A new job starts only while fewer than `concurrency`
 * jobs run or have outcomes that the caller has not read. An abort, an error of `configs` and leaving the loop abort the
 * running jobs; then the iteration ends when they are removed, after an abort by throwing the reason of the signal.
 *
 * Jobs have no time limits of the runtime, since they can be aborted at any time: set `timeoutMs`.
 *
 * @throws HostError INVALID_ARGUMENT at once for invalid options. Invalid configs are errors of their outcomes.
 */
export function runJobs(
  jobs: JobManager,
  configs: Iterable<JobConfig>,
  { concurrency = defaultConcurrency, signal, ...capture }: RunJobsOptions = {},
): AsyncGenerator<JobOutcome, void> {
  checkInteger('concurrency', concurrency, { min: 1 })
  checkEndOptions(capture)
  const isList = typeof configs === 'object' && configs !== null && Symbol.iterator in configs
  check(isList, 'configs', 'an iterable', configs)
  return iterate(configs, { concurrency, signal }, (config, own) => runOne(jobs, config, { ...capture, signal: own }))
}

/** Options of `runJobs`. `timeoutMs` and `maxOutputBytes` apply to each job. */
export interface RunJobsOptions extends Omit<EndOptions, 'input'> {
  /** The largest number of jobs at a time. Default 4. */
  readonly concurrency?: number
}

/** The outcome of a job: its result, or the error with which it failed. */
export type JobOutcome = {
  /** The position of the job in the list, from 0. */
  readonly index: number
  readonly config: JobConfig
} & (
  | { readonly result: JobResult & EndResult; readonly error?: undefined }
  | { readonly result?: undefined; readonly error: unknown }
)

type RunOne = (config: JobConfig, signal: AbortSignal) => Promise<JobResult & EndResult>

async function* iterate(
  configs: Iterable<JobConfig>,
  { concurrency, signal }: Required<Pick<RunJobsOptions, 'concurrency'>> & Pick<RunJobsOptions, 'signal'>,
  run: RunOne,
): AsyncGenerator<JobOutcome, void> {
  const link = linkSignals([signal])
  const running = new Set<Promise<void>>()
  const ended: JobOutcome[] = []
  let wake = () => {}
  const list = configs[Symbol.iterator]()
  let index = 0
  const startNext = (): boolean => {
    const next = list.next()
    if (next.done === true) return false
    const job = { index, config: next.value }
    index += 1
    const settled = run(job.config, link.signal).then(
      (result) => ({ ...job, result }),
      (error: unknown) => ({ ...job, error }),
    )
    const listed = settled.then((outcome) => {
      running.delete(listed)
      ended.push(outcome)
      wake()
    })
    running.add(listed)
    return true
  }
  let isComplete = false
  try {
    for (;;) {
      link.signal.throwIfAborted()
      while (!isComplete && running.size + ended.length < concurrency) isComplete = !startNext()
      const outcome = ended.shift()
      if (outcome !== undefined) yield outcome
      else if (running.size === 0) return
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    link.abort(new Error('the results of the jobs are not read any more'))
    await Promise.all(running)
    link.unlink()
    if (!isComplete) list.return?.()
  }
}

async function runOne(jobs: JobManager, config: JobConfig, options: EndOptions): Promise<JobResult & EndResult> {
  return await captureToEnd('runJobs', options, async ({ output: { stdout, stderr }, options: own }) => {
    const start = performance.now()
    const result = await jobs.runJob(config, { stdout, stderr, ...own })
    return { ...result, durationMs: performance.now() - start }
  })
}

const defaultConcurrency = 4
