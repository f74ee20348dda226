import type { SweepOptions, SweepReport } from '../ownership/sweep-report.js'
import type { RuntimeScope } from './runtime-host.js'
import type { UsableRuntime } from './select-runtime.js'

/**
 * Opens, sweeps and closes one runtime after the other: one that fails leaves the others swept.
 *
 * Rejects with the reason of an abort at once; else, after all, with the one failure or an AggregateError of several.
 */
export async function sweepEach(
  runtimes: readonly UsableRuntime[],
  open: (usable: UsableRuntime) => Promise<RuntimeScope>,
  options: SweepOptions,
): Promise<readonly SweepReport[]> {
  const reports: SweepReport[] = []
  const failures: unknown[] = []
  for (const usable of runtimes) {
    try {
      reports.push(await sweepOne(await open(usable), options))
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
