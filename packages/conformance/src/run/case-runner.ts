import { setMaxListeners } from 'node:events'
import {
  type Capability,
  createRuntimeHost,
  findCapability,
  type OperationOptions,
  type RuntimeReport,
} from '@capstan/core'
import { createHostError, untilAborted } from '@capstan/core/plugin'
import { within, withTimeoutFactor } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import type { ConformanceCase } from '../conformance-case.js'
import { ConformanceFailure } from '../conformance-failure.js'
import type { ConformanceOptions } from '../conformance-options.js'
import type { CaseResult, MissingRequirement } from '../conformance-report.js'
import { checkAllRefused, findRefused } from './check-refused.js'
import { LeftoverCleaner } from './leftover-cleaner.js'
import { OpenedCase } from './opened-case.js'
import { requireImage } from './require-image.js'
import { toFailure } from './to-failure.js'
import { toReason } from './to-reason.js'

/**
 * Creates a runner for cases of one plugin. Each case runs on a newly opened runtime and is followed by a cleanup. When
 * the signal aborts, running cases end at once and the cleanup continues.
 *
 * @throws HostError RUNTIME_UNAVAILABLE when the plugin finds no runtime, IMAGE_NOT_FOUND when the runtime lacks the image
 */
export async function openCaseRunner(options: ConformanceOptions, own: OperationOptions = {}): Promise<CaseRunner> {
  const host = createRuntimeHost({ plugins: [options.plugin], ...(options.env && { env: options.env }) })
  try {
    const [report] = await host.discover(own)
    if (report === undefined || isReportedUnavailable(report)) {
      throw createHostError('RUNTIME_UNAVAILABLE', { runtime: options.plugin.name, reports: report ? [report] : [] })
    }
    await requireImage(options)
    own.signal?.throwIfAborted()
    return new CaseRunner(options, report, own)
  } finally {
    await host[Symbol.asyncDispose]()
  }
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
  async run(tried: ConformanceCase): Promise<CaseResult> {
    const start = performance.now()
    const expiry = new AbortController()
    // A case may have more pending calls than Node's default limit of listeners.
    setMaxListeners(0, expiry.signal)
    const timeoutFactor = Math.max(1, this.#timeoutMs / defaultTimeoutMs)
    const context = new OpenedCase(this.#options, { timeoutFactor, signal: expiry.signal })
    const failures: unknown[] = []
    const trying = withTimeoutFactor(timeoutFactor, () => this.#try(tried, context))
    const outcome = await this.#await(tried, trying).catch((error: unknown) => void failures.push(error))
    expiry.abort(new Error(`the case ${tried.id} is over`))
    // Pending calls of the case may still create resources, which the cleanup has to find.
    await within(settleLimitMs, 'the end of pending calls', trying).catch(() => {})
    failures.push(...(await context.end(this.#cleaner)))
    const { id, title } = tried
    const durationMs = Math.round(performance.now() - start)
    const heading = { id, title, capability: tried.capability.id, durationMs }
    if (failures.length > 0) return { ...heading, status: 'failed', failures: failures.map(toFailure) }
    return { ...heading, ...(outcome ?? { status: 'passed' }) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleaner[Symbol.asyncDispose]()
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? defaultTimeoutMs
  }

  async #await(tried: ConformanceCase, trying: Promise<Outcome>): Promise<Outcome> {
    const limitMs = this.#timeoutMs * tried.timeFactor
    return await within(limitMs, `the end of ${tried.id}`, untilAborted(trying, this.#signal))
  }

  async #try(tried: ConformanceCase, context: OpenedCase): Promise<Outcome> {
    const missingOptions = tried.given.filter((option) => this.#options[option] === undefined).map(toMissingOption)
    const missing = this.#findMissing(tried)
    const refused = findRefused(this.report, tried.requiredOptions)
    if (tried.opens || missing.length > 0 || refused.length > 0) await context.begin()
    const absent = [...missingOptions, ...missing.map((capability) => checkAbsent(context, capability))]
    const [first, ...others] = [...absent, ...(await checkAllRefused(context, refused))]
    if (first !== undefined) return { status: absent.length > 0 ? 'absent' : 'refused', missing: [first, ...others] }
    await tried.run(context)
    const [lack, ...further] = context.absent
    return lack === undefined ? { status: 'passed' } : { status: 'absent', missing: [lack, ...further] }
  }

  #findMissing({ capability, needs }: ConformanceCase): readonly Capability<object>[] {
    if (!this.report.available) return []
    const provided = new Set(this.report.provides.map(({ id }) => id))
    return [capability, ...needs].filter(({ id }) => !provided.has(id))
  }
}

type Outcome =
  | { readonly status: 'passed' }
  | { readonly status: 'absent' | 'refused'; readonly missing: readonly [MissingRequirement, ...MissingRequirement[]] }

/** Fails unless the scope has no manager of the capability and the report gives a reason. */
function checkAbsent({ scope }: CaseContext, capability: Capability<object>): MissingRequirement {
  const { id, title } = capability
  if (findCapability(scope, capability) !== undefined) {
    throw new ConformanceFailure(`no ${title} in the scope, since the probe did not claim "${id}"`, 'an implementation')
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
