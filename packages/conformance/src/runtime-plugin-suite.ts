import { type ConformanceCase, groupCases } from './conformance-case.js'
import { conformanceCases } from './conformance-cases.js'
import type { ConformanceOptions } from './conformance-options.js'
import type { CaseResult, ConformanceReport } from './conformance-report.js'
import { type CaseRunner, defaultTimeoutMs, openCaseRunner } from './run/case-runner.js'
import { Prefetch } from './run/prefetch.js'
import { defaultConcurrency, toBody, toHeading } from './run-conformance.js'

/** The functions of a test runner that the suite uses, for example those of vitest, or of `node:test` with `before` and `after`. */
export interface TestRunner {
  readonly describe: (title: string, define: () => void) => unknown
  readonly it: (title: string, options: { readonly timeout: number }, run: () => Promise<void>) => unknown
  readonly beforeAll: (run: () => Promise<void>) => unknown
  readonly afterAll: (run: () => Promise<void>) => unknown
}

/** Options of `runtimePluginSuite`. */
export interface RuntimePluginSuiteOptions extends ConformanceOptions {
  /** Called with the report after the last case, unless cases were skipped. Default: none. */
  readonly onReport?: (report: ConformanceReport) => void
}

/**
 * Declares every case as a test of the runner, grouped by area.
 *
 * A test passes when its case is passed, absent or unsupported; the report has the status of each case. The cases of the next
 * tests run in advance while a test runs.
 */
export function runtimePluginSuite(
  { describe, it, beforeAll, afterAll }: TestRunner,
  options: RuntimePluginSuiteOptions,
): void {
  const { timeoutMs = defaultTimeoutMs } = options
  const cases = conformanceCases(options)
  const suite = new Suite(options, cases)
  describe(`conformance of runtime plugin "${options.plugin.name}"`, () => {
    beforeAll(() => suite.open())
    for (const [group, members] of groupCases(cases)) {
      describe(group, () => {
        for (const testCase of members) {
          const timeout = timeoutMs * testCase.timeLimitFactor + marginMs
          it(`${testCase.id} ${testCase.title}`, { timeout }, () => suite.check(testCase))
        }
      })
    }
    afterAll(() => suite.close())
  })
}

class Suite {
  readonly #options: RuntimePluginSuiteOptions
  readonly #cases: readonly ConformanceCase[]
  #startedAt = new Date()
  #runner: CaseRunner | undefined
  #results: Prefetch<ConformanceCase, CaseResult> | undefined

  constructor(options: RuntimePluginSuiteOptions, cases: readonly ConformanceCase[]) {
    this.#options = options
    this.#cases = cases
  }

  async open(): Promise<void> {
    // The start of the run, since other suites may run between the declaration and the start.
    this.#startedAt = new Date()
    const runner = await openCaseRunner(this.#options)
    this.#runner = runner
    const { concurrency = defaultConcurrency } = this.#options
    this.#results = new Prefetch(this.#cases, concurrency, (testCase) => runner.run(testCase))
  }

  async check(testCase: ConformanceCase): Promise<void> {
    const result = await this.#results?.get(testCase)
    if (result === undefined) throw new Error('the suite was not opened: does the test runner call beforeAll?')
    if (result.status === 'failed') throw toResultError(result)
  }

  async close(): Promise<void> {
    const results = await this.#results?.settled()
    await this.#runner?.[Symbol.asyncDispose]()
    if (this.#runner === undefined || results?.length !== this.#cases.length) return
    const startedAt = this.#startedAt.toISOString()
    const durationMs = Date.now() - this.#startedAt.getTime()
    const heading = toHeading(this.#options, this.#runner.report)
    this.#options.onReport?.({ ...heading, startedAt, durationMs, ...toBody(results) })
  }
}

/** Converts a failed case to an error with all of its messages and the stack of the first. */
function toResultError({ id, failures }: Extract<CaseResult, { readonly status: 'failed' }>): Error {
  const error = new Error(`${id}: ${failures.map(({ message }) => message).join('; ')}`)
  const [first] = failures
  if (first?.stack !== undefined) error.stack = first.stack
  return error
}

/** Additional time of a test for queued cases and for the cleanup after its case. */
const marginMs = 60_000
