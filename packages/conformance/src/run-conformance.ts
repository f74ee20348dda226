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
 * Runs the cases and resolves with the report, also when cases fail. Prints nothing.
 *
 * An uncaught error, an unhandled rejection or a call of `process.exit` of the plugin fails the case during which it
 * occurs, with `unhandled` in the failure; errors outside of a case are in `outside` of the report. To record them, the
 * kit listens to the errors of the whole process while it runs. A signal, `process.abort`, a crash of native code, or a
 * loop that never yields to the event loop ends or blocks the kit, so run it with a time limit from outside.
 *
 * @throws HostError RUNTIME_UNAVAILABLE when the plugin finds no runtime, IMAGE_NOT_FOUND when the runtime lacks the
 * image. An abort ends the running cases, removes their resources and rejects with the reason.
 */
export async function runConformance(options: RunConformanceOptions): Promise<ConformanceReport> {
  const { concurrency = defaultConcurrency, signal, onResult } = options
  const startedAt = new Date()
  const start = performance.now()
  using guard = new PluginGuard()
  const opened = await guard.run(() => openCaseRunner(options, { signal }))
  const runner = opened.result
  const closing: unknown[] = []
  const close = () => runner[Symbol.asyncDispose]().catch((error: unknown) => void closing.push(error))
  const running = runBounded(conformanceCases(options), { concurrency, signal }, async (testCase) => {
    const guarded = await guard.run(() => runner.run(testCase))
    onResult?.(withErrors(guarded))
    return guarded
  })
  await Promise.allSettled([running])
  const closed = await guard.run(close)
  // Lets unhandled rejections of the last case and of the close arrive.
  await setImmediate()
  const results = await running
  const durationMs = Math.round(performance.now() - start)
  const outside = [...opened.errors, ...guard.unassigned, ...closing, ...closed.errors].map(toFailure)
  return {
    ...toHeading(options, runner.report),
    startedAt: startedAt.toISOString(),
    durationMs,
    ...toBody(results.map(withErrors)),
    ...(outside.length > 0 && { outside }),
  }
}

/** Adds the errors that the plugin did not handle, which fail the case. */
function withErrors({ result, errors }: GuardedResult<CaseResult>): CaseResult {
  if (errors.length === 0) return result
  const { id, title, capability, durationMs } = result
  const failures = [...(result.status === 'failed' ? result.failures : []), ...errors.map(toFailure)]
  return { id, title, capability, durationMs, status: 'failed', failures }
}

/** Options of `runConformance`. */
export interface RunConformanceOptions extends ConformanceOptions, OperationOptions {
  /** Called with the result of each case when it ends. Default: none. */
  readonly onResult?: (result: CaseResult) => void
}

/** Returns the part of a report that is known before the first case. */
export function toHeading({ plugin, only }: ConformanceOptions, report: RuntimeReport): ReportHeading {
  const { name, packageName: pluginPackage = 'unknown package', packageVersion = unknownVersion } = plugin
  const { node } = process.versions
  return {
    schemaVersion: 1,
    kit: { packageName, packageVersion: readKitVersion() },
    plugin: { name, packageName: pluginPackage, packageVersion },
    environment: { node, platform: process.platform, architecture: process.arch },
    ...(only && { only }),
    ...toLists(report),
  }
}

/** Returns the part of a report that consists of the results. */
export function toBody(cases: readonly CaseResult[]): Pick<ConformanceReport, 'counts' | 'cases'> {
  const counts: Record<CaseStatus, number> = { passed: 0, failed: 0, absent: 0, unsupported: 0 }
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

function toLists(report: RuntimeReport): Pick<ConformanceReport, 'endpoint' | ReportLists> {
  if (!report.available) {
    const endpoint = { address: 'none', version: 'unknown' }
    return { endpoint, provides: [], absent: [], unsupportedOptions: [], notes: [] }
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
type ReportLists = 'provides' | 'absent' | 'unsupportedOptions' | 'notes'

export const defaultConcurrency = 4
const packageName = '@capstan/conformance'
const unknownVersion = 'unknown version'
