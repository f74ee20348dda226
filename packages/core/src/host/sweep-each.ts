import type { ProbeAttempt } from '../contract/probe.js'
import type { RuntimeScope } from '../contract/runtime-host.js'
import type { SweepOptions, SweepReport } from '../contract/sweep-report.js'
import type { AvailablePlugin, ProbedPlugin } from './probe-plugin.js'

/** Opens, sweeps and closes runtimes in sequence: see `RuntimeHost.sweep`. Rejects immediately on an abort. */
export async function sweepEach(
  runtimes: readonly ProbedPlugin[],
  open: (plugin: AvailablePlugin) => Promise<RuntimeScope>,
  options: SweepOptions,
): Promise<readonly SweepReport[]> {
  const reports: SweepReport[] = []
  const failures: unknown[] = []
  for (const probed of runtimes) {
    try {
      if (probed.found === undefined) reports.push(...toFailedProbeReports(probed))
      else reports.push(await sweepOne(await open(probed), options))
    } catch (error) {
      options.signal?.throwIfAborted()
      failures.push(error)
    }
  }
  if (failures.length > 1) throw new AggregateError(failures, `sweeping failed on ${failures.length} runtimes`)
  if (failures.length === 1) throw failures[0]
  return reports
}

async function sweepOne(scope: RuntimeScope, options: SweepOptions): Promise<SweepReport> {
  try {
    return await scope.sweep(options)
  } finally {
    await scope[Symbol.asyncDispose]()
  }
}

function toFailedProbeReports({ report }: ProbedPlugin): readonly SweepReport[] {
  if (report.available || (!report.chosen && report.attempts.every(meansNotRunning))) return []
  const { runtime, chosen, attempts } = report
  return [{ runtime, unavailable: { chosen, attempts }, removed: [], kept: [], failed: [] }]
}

/** Whether the runtime is not installed or not running. After any other failure it may have objects to sweep. */
function meansNotRunning({ step, cause }: ProbeAttempt): boolean {
  return step === 'find' || notRunningCodes.has(cause.code)
}

const notRunningCodes: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'SERVICE_STOPPED'])
