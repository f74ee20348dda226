import { createHostError, type RuntimeReport } from '@capstan/core'
import type { Call } from '../commands/command-line.js'
import type { DoctorOptions } from '../commands/doctor.js'
import { toFeatureSupports } from '../features.js'
import { openHost } from '../open-host.js'
import { toDoctorPage } from '../render/doctor-page.js'
import { toPageStyle } from '../render/page-style.js'
import { whileWaiting } from '../render/waiting.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { chooseRuntime, findNamedRuntime, toChoiceText } from '../runtime-choice.js'

/** Looks, changes nothing, and ends with 1 when no runtime is here that runs real containers, or not the one that is named. */
export async function doctor({ invocation, options }: Call<DoctorOptions>): Promise<number> {
  const { io, interrupts } = invocation
  await using host = await openHost(invocation)
  const discover = () => host.discover({ signal: interrupts.signal })
  const reports = await whileWaiting(io.stderr, 'Looking for container runtimes', discover)
  const named = findNamedRuntime(invocation)
  const known = reports.map(({ runtime }) => runtime)
  if (named !== undefined && !known.includes(named)) throw createHostError('PLUGIN_UNKNOWN', { plugin: named, known })
  const supports = toFeatureSupports(reports)
  const choice = chooseRuntime(reports, named)
  const text = options.json
    ? toJson({ chosen: choice.runtime ?? null, runtimes: reports, features: supports })
    : toDoctorPage({ reports, supports, choice: toChoiceText(choice) }, toPageStyle(io))
  await writeOutput(io.stdout, text, interrupts)
  return reports.some(isReal) && choice.runtime !== undefined ? 0 : 1
}

function isReal({ available, selection }: RuntimeReport): boolean {
  return available && selection === 'automatic'
}
