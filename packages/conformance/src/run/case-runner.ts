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
 * Runs cases against one plugin, each on a runtime of its own, and clears up after each. When the signal aborts, the cases
 * under way end at once; clearing up goes on.
 *
 * @throws HostError RUNTIME_UNAVAILABLE where the plugin says that no runtime is there, IMAGE_NOT_FOUND where the image
 * is not there
 */
export async function openCaseRunner(options: ConformanceOptions, own: OperationOptions = {}): Promise<CaseRunner> {
  const host = createRuntimeHost({ plugins: [options.plugin], ...(options.env && { env: options.env }) })
  try {
    const [report] = await host.discover(own)
    if (report === undefined || isHonestlyUnavailable(report)) {
      throw createHostError('RUNTIME_UNAVAILABLE', { runtime: options.plugin.name, reports: report ? [report] : [] })
    }
    await requireImage(options)
    own.signal?.throwIfAborted()
    return new CaseRunner(options, report, own)
  } finally {
    await host[Symbol.asyncDispose]()
  }
}

/** The plugin's own answer, and not a fault of its probe: that is what the cases are there to find. */
function isHonestlyUnavailable({ available, attempts }: RuntimeReport): boolean {
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

  /** Never rejects: what goes wrong is in the result. */
  async run(tried: ConformanceCase): Promise<CaseResult> {
    const start = performance.now()
    const expiry = new AbortController()
    // A case may have more calls under way than Node finds plausible.
    setMaxListeners(0, expiry.signal)
    const timeoutFactor = Math.max(1, this.#timeoutMs / defaultTimeoutMs)
    const context = new OpenedCase(this.#options, { timeoutFactor, signal: expiry.signal })
    const failures: unknown[] = []
    const trying = withTimeoutFactor(timeoutFactor, () => this.#try(tried, context))
    const outcome = await this.#await(tried, trying).catch((error: unknown) => void failures.push(error))
    expiry.abort(new Error(`the case ${tried.id} is over`))
    // What it has under way may still make something, which is to be cleared away as well.
    await within(settleLimitMs, 'the end of what is under way', trying).catch(() => {})
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
    const ungiven = tried.given.filter((option) => this.#options[option] === undefined).map(toUngiven)
    const missing = this.#findMissing(tried)
    const refused = findRefused(this.report, tried.requiredOptions)
    if (tried.opens || missing.length > 0 || refused.length > 0) await context.begin()
    const absent = [...ungiven, ...missing.map((capability) => checkAbsent(context, capability))]
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

/** Checks that the scope has no manager of the capability, and that the report has the reason. */
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

function toUngiven(option: string): MissingRequirement {
  const reason = `the kit was not given "${option}"`
  return { subject: option, reason, remedy: `give it: see ${option} of the kit's options` }
}

/** Of a case of the usual kind. */
export const defaultTimeoutMs = 20_000
const settleLimitMs = 500
