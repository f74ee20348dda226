import type { SweepReport } from '@capstan/core'
import type { Command } from 'commander'
import { failureCode } from '../errors/cli-error.js'
import type { Invocation } from '../host/invocation.js'
import { openHost, openRuntime } from '../host/open-host.js'
import { findNamedRuntime } from '../host/runtime-choice.js'
import { toExamples } from '../options/command-definition.js'
import { toPageStyle } from '../render/page.js'
import { toMessage } from '../render/printable.js'
import { whileWaiting } from '../render/status-line.js'
import { toSweepPage } from '../render/sweep-page.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan sweep`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Removes containers, networks, volumes and images that a program created through Capstan and left behind when it ' +
        'crashed, on every runtime of this machine. Resources of running programs, persistent ones, and those not created ' +
        'by Capstan are kept. Exit status 125 when something cannot be removed, a runtime cannot be checked, or no ' +
        'runtime is available.',
    )
    .option('--app <name>', 'Remove only resources of the application with this name; the commands use "capstan"')
    .option('--dry-run', 'Show what would be removed, and remove nothing')
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({
        'capstan sweep --dry-run': 'List what would be removed',
        'capstan sweep --app capstan': 'Remove only what commands of capstan left behind',
      }),
    )
  setAction<SweepOptions>(command, sweep)
}

interface SweepOptions {
  readonly app?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

async function sweep({ invocation, options }: Call<SweepOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { dryRun = false, json = false, app = null } = options
  const reports = await sweepAll(invocation, { app, dryRun, signal: interrupts.signal })
  const text = json
    ? toJson({ dryRun, runtimes: reports.map(toDocument) })
    : toSweepPage(reports, { dryRun, page: toPageStyle(io) })
  await writeOutput(io.stdout, text, interrupts)
  const isComplete = reports.every(({ failed, unavailable }) => failed.length === 0 && unavailable === undefined)
  return reports.length > 0 && isComplete ? 0 : failureCode
}

/** Sweeps the named runtime, else every runtime. */
async function sweepAll(
  invocation: Invocation,
  options: { readonly app: string | null; readonly dryRun: boolean; readonly signal: AbortSignal },
): Promise<readonly SweepReport[]> {
  const { stderr } = invocation.io
  const text = `${options.dryRun ? 'Looking for' : 'Removing'} resources left behind`
  if (findNamedRuntime(invocation) !== undefined) {
    await using opened = await openRuntime(invocation)
    const { scope } = opened
    return [await whileWaiting(stderr, text, () => scope.sweep(options))]
  }
  await using host = await openHost(invocation)
  return await whileWaiting(stderr, text, () => host.sweep(options))
}

function toDocument({ failed, ...report }: SweepReport): object {
  return { ...report, failed: failed.map(({ error, ...item }) => ({ ...item, error: toMessage(error) })) }
}
