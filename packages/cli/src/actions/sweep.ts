import type { SweepReport } from '@capstan/core'
import type { Call } from '../commands/command-line.js'
import type { SweepCommandOptions } from '../commands/sweep.js'
import { failureCode } from '../failure-code.js'
import type { Invocation } from '../invocation.js'
import { openHost, openRuntime } from '../open-host.js'
import { toPageStyle } from '../render/page-style.js'
import { toSweepPage } from '../render/sweep-page.js'
import { toMessage } from '../render/thrown-message.js'
import { whileWaiting } from '../render/waiting.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { findNamedRuntime } from '../runtime-choice.js'

/**
 * Removes what crashed programs left, on every runtime or on the named one; of all applications, or of the named one. Exits
 * with 125 when something could not be removed, a runtime could not be checked, or none is available.
 */
export async function sweep({ invocation, options }: Call<SweepCommandOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { dryRun = false, json = false, app = null } = options
  const reports = await sweepAll(invocation, { app, dryRun, signal: interrupts.signal })
  const text = json
    ? toJson({ dryRun, runtimes: reports.map(toPlain) })
    : toSweepPage(reports, { dryRun, page: toPageStyle(io) })
  await writeOutput(io.stdout, text, interrupts)
  const isWhole = reports.every(({ failed, unavailable }) => failed.length === 0 && unavailable === undefined)
  return reports.length > 0 && isWhole ? 0 : failureCode
}

async function sweepAll(
  invocation: Invocation,
  options: { readonly app: string | null; readonly dryRun: boolean; readonly signal: AbortSignal },
): Promise<readonly SweepReport[]> {
  const { stderr } = invocation.io
  if (findNamedRuntime(invocation) !== undefined) {
    await using opened = await openRuntime(invocation)
    const { scope } = opened
    return [await whileWaiting(stderr, sweeping, () => scope.sweep(options))]
  }
  await using host = await openHost(invocation)
  return await whileWaiting(stderr, sweeping, () => host.sweep(options))
}

function toPlain({ failed, ...report }: SweepReport): object {
  return {
    ...report,
    failed: failed.map(({ error, ...item }) => ({
      ...item,
      error: toMessage(error),
    })),
  }
}

const sweeping = 'Looking for what programs left behind'
