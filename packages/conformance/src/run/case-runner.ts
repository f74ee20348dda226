import { setMaxListeners } from 'node:events'
import {
  type Capability,
  createRuntimeHost,
  findCapability,
  type OperationOptions,
  type RuntimeReport,
} from '@capstan/core'
import { createHostError, untilAborted } from '@capstan/core/plugin'
import { within, withWaitFactor } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import type { ConformanceCase } from '../conformance-case.js'
import { ConformanceFailure } from '../conformance-failure.js'
import type { ConformanceOptions } from '../conformance-options.js'
import type { CaseResult, MissingRequirement } from '../conformance-report.js'
import { checkUnsupportedOptions, findUnsupportedOptions } from './check-unsupported-options.js'
import { LeftoverCleaner } from './leftover-cleaner.js'
import { OpenedCase } from './opened-case.js'
import { requireImage } from './require-image.js'
import { toFailure } from './to-failure.js'
import { toReason } from './to-reason.js'

/**
 * Creates a runner for cases of one plugin. Each case opens its own runtime, if it needs one, and is followed by a cleanup. When
 * the signal aborts, running cases end at once and the cleanup continues.
 *
 * @throws HostError RUNTIME_UNAVAILABLE when the plugin finds no runtime, IMAGE_NOT_FOUND when the runtime lacks the image
 */
export async function openCaseRunner(
  options: ConformanceOptions,
  { signal }: OperationOptions = {},
): Promise<CaseRunner> {
  const { plugin, env } = options
  await using host = createRuntimeHost({ plugins: [plugin], ...(env && { env }) })
  const [report] = await host.discover({ signal })
  if (report === undefined || isReportedUnavailable(report)) {
    throw createHostError('RUNTIME_UNAVAILABLE', { runtime: plugin.name, reports: report ? [report] : [] })
  }
  await requireImage(options)
  signal?.throwIfAborted()
  return new CaseRunner(options, report, { signal })
}

/** Returns whether the plugin reports that no runtime is available. An error of the probe itself is left to the cases. */
function isReportedUnavailable({ available, attempts }: RuntimeReport): boolean {
  return !available && !attempts.some(({ step }) => step === 'probe')
}

export class CaseRunner implements AsyncDisposable {
  readonly report: RuntimeReport
  readonly #options: ConformanceOptions
  readonly #signal: AbortSignal | undefined
  readonly #cleaner: LeftoverCleaner

  constructor(options: ConformanceOptions, report: RuntimeReport, { signal }: OperationOptions) {
    this.report = report
    this.#options = options
    this.#signal = signal
    this.#cleaner = new LeftoverCleaner(options)
  }

  /** Runs the case and the cleanup. Never rejects: errors are in the result. */
  async run(testCase: ConformanceCase): Promise<CaseResult> {
    const { id, title, capability, timeLimitFactor } = testCase
    const { timeoutMs = defaultTimeoutMs } = this.#options
    const start = performance.now()
    const expiry = new AbortController()
    // A case may have more pending calls than Node's default limit of listeners.
    setMaxListeners(0, expiry.signal)
    const waitFactor = Math.max(1, timeoutMs / defaultTimeoutMs)
    const context = new OpenedCase(this.#options, { waitFactor, signal: expiry.signal })
    const failures: unknown[] = []
    const running = withWaitFactor(waitFactor, () => this.#runCase(testCase, context))
    const ended = within(timeoutMs * timeLimitFactor, `the end of ${id}`, untilAborted(running, this.#signal))
    const outcome = await ended.catch((error: unknown) => void failures.push(error))
    expiry.abort(new Error(`the case ${id} is over`))
    // Pending calls of the case may still create resources, which the cleanup has to find.
    await within(settleLimitMs, 'the end of pending calls', running).catch(() => {})
    failures.push(...(await context.cleanUp(this.#cleaner)))
    const heading = { id, title, capability: capability.id, durationMs: Math.round(performance.now() - start) }
    if (failures.length > 0) return { ...heading, status: 'failed', failures: failures.map(toFailure) }
    return { ...heading, ...(outcome ?? { status: 'passed' }) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleaner[Symbol.asyncDispose]()
  }

  /** Runs the case, or the checks of what it requires and the runtime lacks. */
  async #runCase(testCase: ConformanceCase, context: OpenedCase): Promise<Outcome> {
    const missingOptions = testCase.kitOptions.filter((option) => this.#options[option] === undefined)
    const missing = this.#findMissing(testCase)
    const unsupported = findUnsupportedOptions(this.report, testCase.requiredOptions)
    if (testCase.opensRuntime || missing.length > 0 || unsupported.length > 0) await context.openRuntime()
    const absent = [...missingOptions.map(toMissingOption), ...missing.map((entry) => checkAbsent(context, entry))]
    const rejected = await checkUnsupportedOptions(context, unsupported)
    const unmet = toOutcome(absent.length > 0 ? 'absent' : 'unsupported', [...absent, ...rejected])
    if (unmet !== undefined) return unmet
    await testCase.run(context)
    return toOutcome('absent', context.absent) ?? { status: 'passed' }
  }

  #findMissing({ capability, needs }: ConformanceCase): readonly Capability<object>[] {
    if (!this.report.available) return []
    const provided = new Set(this.report.provides.map(({ id }) => id))
    return [capability, ...needs].filter(({ id }) => !provided.has(id))
  }
}

type Outcome =
  | { readonly status: 'passed' }
  | {
      readonly status: 'absent' | 'unsupported'
      readonly missing: readonly [MissingRequirement, ...MissingRequirement[]]
    }

function toOutcome(
  status: 'absent' | 'unsupported',
  [first, ...others]: readonly MissingRequirement[],
): Outcome | undefined {
  return first && { status, missing: [first, ...others] }
}

/** Fails unless the scope has no manager of the capability and the report gives a reason. */
function checkAbsent({ scope }: CaseContext, capability: Capability<object>): MissingRequirement {
  const { id, title } = capability
  if (findCapability(scope, capability) !== undefined) {
    throw new ConformanceFailure(`no ${title} in the scope, since the probe does not list "${id}"`, 'an implementation')
  }
  const listed = scope.report.available ? scope.report.absent.find((entry) => entry.id === id) : undefined
  if (listed === undefined || listed.reason.trim() === '') {
    throw new ConformanceFailure(`"${id}" in the list of what is absent, with its reason`, 'no such entry')
  }
  return { subject: id, ...toReason(listed) }
}

function toMissingOption(option: string): MissingRequirement {
  const reason = `the kit was not given "${option}"`
  return { subject: option, reason, remedy: `pass the option "${option}" to the kit` }
}

/** The default time limit of a case. */
export const defaultTimeoutMs = 20_000
const settleLimitMs = 500
