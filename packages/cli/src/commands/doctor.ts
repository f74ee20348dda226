import type { RuntimeReport } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { discoverContexts } from '../host/discover-contexts.js'
import { toFeatureSupports } from '../host/features.js'
import { openHost } from '../host/open-host.js'
import { chooseRuntime, findNamedRuntime, toChoiceText } from '../host/runtime-choice.js'
import { toExamples } from '../options/command-definition.js'
import { toDoctorPage } from '../render/doctor-page.js'
import { toPageStyle } from '../render/page.js'
import type { ContextFindings } from '../render/runtime-tables.js'
import { whileWaiting } from '../render/status-line.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan doctor`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Shows the runtimes on this machine, the endpoints that failed with reason and remedy, and the capabilities, ' +
        'unsupported options and features of each runtime, and which contexts of docker answer. Exit status 1 when no runtime for real containers is ' +
        'available, or the selected runtime or endpoint is not.',
    )
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({
        'capstan doctor': 'Show all runtimes as tables',
        'capstan doctor --json | jq .runtimes[].available': 'Read the report in a program',
      }),
    )
  setAction<DoctorOptions>(command, doctor)
}

interface DoctorOptions {
  readonly json?: boolean
}

async function doctor({ invocation, options }: Call<DoctorOptions>): Promise<number> {
  const { io, interrupts } = invocation
  await using host = await openHost(invocation)
  const { signal } = interrupts
  const discover = () => Promise.all([host.discover({ signal }), discoverContexts(invocation, { signal })])
  const [reports, contexts] = await whileWaiting(io.stderr, 'Looking for container runtimes', discover)
  const named = findNamedRuntime(invocation)
  const known = reports.map(({ runtime }) => runtime)
  if (named !== undefined && !known.includes(named)) throw createHostError('PLUGIN_UNKNOWN', { plugin: named, known })
  const supports = toFeatureSupports(reports)
  const choice = chooseRuntime(reports, named)
  const text = options.json
    ? toJson({
        selected: choice.runtime ?? null,
        runtimes: reports,
        features: supports,
        contexts: toDocument(contexts, reports),
      })
    : toDoctorPage({ reports, contexts, supports, choice: toChoiceText(choice) }, toPageStyle(io))
  await writeOutput(io.stdout, text, interrupts)
  // Only a simulation has the selection `named`.
  const hasReal = reports.some(({ available, selection }) => available && selection === 'automatic')
  return hasReal && choice.runtime !== undefined ? 0 : 1
}

/** The report of runtime docker applies to the current context. */
function toDocument(contexts: readonly ContextFindings[], reports: readonly RuntimeReport[]): readonly object[] {
  const current = reports.find(({ runtime }) => runtime === 'docker')
  return contexts.map(({ context, report: own }) => {
    const report = context.isCurrent ? current : own
    const { available = false, attempts = [] } = report ?? {}
    return {
      ...context,
      available,
      attempts,
      ...(report?.available ? { version: report.version, location: report.location } : {}),
    }
  })
}
