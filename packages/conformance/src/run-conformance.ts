import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { OperationOptions, RuntimeReport } from '@capstan/core'
import { conformanceCases } from './conformance-cases.js'
import type { ConformanceOptions } from './conformance-options.js'
import type { CaseResult, CaseStatus, ConformanceReport } from './conformance-report.js'
import { openCaseRunner } from './run/case-runner.js'
import { type GuardedResult, PluginGuard } from './run/plugin-guard.js'
import { runBounded } from './run/run-bounded.js'
import { toFailure } from './run/to-failure.js'
import { toReason } from './run/to-reason.js'

/**
 * Runs all cases and resolves with the report, whatever became of them; prints nothing.
 *
 * The kit survives its plugin: an error that nothing awaits (in a timer, an event, a promise) and a call of `process.exit`
 * fail the case in whose course they happen, with `unhandled` in the failure; what belongs to no case is in `outside`. For
 * that time the kit listens to the errors of the whole process. It cannot survive a signal, `process.abort`, a crash of
 * native code, or a loop that never gives way to the event loop: run it under a limit of time from outside.
 *
 * @throws HostError RUNTIME_UNAVAILABLE where the plugin says that no runtime is there, IMAGE_NOT_FOUND where it has no
 * such image; an abort ends the cases under way, and rejects with its reason after they were cleared up
 */
export async function runConformance(options: RunConformanceOptions): Promise<ConformanceReport> {
  const { concurrency = defaultConcurrency, signal, onResult } = options
  const startedAt = new Date()
  const start = performance.now()
  using guard = new PluginGuard()
  const opened = await guard.run(() => openCaseRunner(options, { signal }))
  const runner = opened.result
  const close = () => guard.run(() => runner[Symbol.asyncDispose]())
  const closing: unknown[] = []
  const tried = await runBounded(conformanceCases(options), { concurrency, signal }, async (one) => {
    const guarded = await guard.run(() => runner.run(one))
    onResult?.(withErrors(guarded))
    return guarded
  }).finally(() => close().catch((error: unknown) => void closing.push(error)))
  // Lets unhandled rejections of the last case arrive.
  await setImmediate()
  const durationMs = Math.round(performance.now() - start)
  const outside = [...opened.errors, ...guard.stray, ...closing].map(toFailure)
  return {
    ...toHeading(options, runner.report),
    startedAt: startedAt.toISOString(),
    durationMs,
    ...toBody(tried.map(withErrors)),
    ...(outside.length > 0 && { outside }),
  }
}

/** Errors that the plugin threw outside of the calls of a case fail the case, too. */
function withErrors({ result, errors }: GuardedResult<CaseResult>): CaseResult {
  if (errors.length === 0) return result
  const { id, title, capability, durationMs } = result
  const failures = [...(result.status === 'failed' ? result.failures : []), ...errors.map(toFailure)]
  return { id, title, capability, durationMs, status: 'failed', failures }
}

/** Options of `runConformance`. */
export interface RunConformanceOptions extends ConformanceOptions, OperationOptions {
  /** Hears of each case when it has ended, in the order of the ends. Default: nobody is told. */
  readonly onResult?: (result: CaseResult) => void
}

/** The part of a report that is known before the first case. */
export function toHeading({ plugin, only }: ConformanceOptions, report: RuntimeReport): ReportHeading {
  const { name, packageName: pluginPackage = 'unknown package', packageVersion = unknownVersion } = plugin
  const { node } = process.versions
  return {
    schemaVersion: 1,
    kit: { packageName, packageVersion: readKitVersion() },
    plugin: { name, packageName: pluginPackage, packageVersion },
    environment: { node, platform: process.platform, architecture: process.arch },
    ...(only && { only }),
    ...toClaims(report),
  }
}

/** The part of a report that the cases make. */
export function toBody(cases: readonly CaseResult[]): Pick<ConformanceReport, 'counts' | 'cases'> {
  const counts: Record<CaseStatus, number> = { passed: 0, failed: 0, absent: 0, refused: 0 }
  for (const { status } of cases) counts[status] += 1
  return { counts, cases }
}

/** Reads the version in the package.json of the kit. A bundle of the kit has no package.json. */
function readKitVersion(): string {
  try {
    const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
    const { name, version }: { name?: unknown; version?: unknown } = JSON.parse(text)
    return name === packageName ? String(version) : unknownVersion
  } catch {
    return unknownVersion
  }
}

function toClaims(report: RuntimeReport): Pick<ConformanceReport, 'endpoint' | ClaimLists> {
  if (!report.available) {
    return {
      endpoint: { address: 'none', version: 'unknown' },
      provides: [],
      absent: [],
      unsupportedOptions: [],
      notes: [],
    }
  }
  const { endpoint, version, provides, absent, unsupportedOptions, notes } = report
  return {
    endpoint: { address: endpoint, version },
    provides,
    absent: absent.map(({ id, title, ...rest }) => ({ id, title, ...toReason(rest) })),
    unsupportedOptions: unsupportedOptions.map(({ field, description, ...rest }) => ({
      field,
      description,
      ...toReason(rest),
    })),
    notes,
  }
}

type ReportHeading = Omit<ConformanceReport, 'startedAt' | 'durationMs' | 'counts' | 'cases'>
type ClaimLists = 'provides' | 'absent' | 'unsupportedOptions' | 'notes'

export const defaultConcurrency = 4
const packageName = '@capstan/conformance'
const unknownVersion = 'unknown version'
