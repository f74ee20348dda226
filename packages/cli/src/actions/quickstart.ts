import {
  createRuntimeHost,
  imageBuilderCapability,
  networkManagerCapability,
  type RuntimeReport,
  sidecarManagerCapability,
} from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import type { Call } from '../commands/command-line.js'
import { failureCode } from '../failure-code.js'
import { toFeatureSupports } from '../features.js'
import type { Invocation } from '../invocation.js'
import type { Io } from '../io.js'
import { openHost } from '../open-host.js'
import { type OwnedCounts, toCountText } from '../quickstart/owned-counts.js'
import { QuickstartImage } from '../quickstart/quickstart-image.js'
import { QuickstartStage } from '../quickstart/quickstart-stage.js'
import { toPageStyle } from '../render/page-style.js'
import { toFirstPage, toLastPage } from '../render/quickstart-pages.js'
import { toSupportTable } from '../render/runtime-tables.js'
import { whileWaiting } from '../render/waiting.js'
import { chooseRuntime, findNamedRuntime, toChoiceText } from '../runtime-choice.js'

/** Shows what is here, builds, runs, asks and cleans up; on the simulation where no real runtime is here and none was asked for. */
export async function quickstart({ invocation }: Call<object>): Promise<number> {
  const { io, interrupts, globals } = invocation
  const { signal } = interrupts
  await using host = await openHost(invocation)
  const reports = await whileWaiting(io.stderr, 'Looking for container runtimes', () => host.discover({ signal }))
  const choice = chooseRuntime(reports, findNamedRuntime(invocation))
  // A slow engine is not replaced by the simulation: opening it fails with TIMED_OUT in its attempts.
  const isForced = choice.runtime === undefined && choice.barred === undefined && choice.slow.length === 0
  const page = toPageStyle(io)
  io.stdout.write(toFirstPage(reports, { choice: isForced ? simulationText : toChoiceText(choice), isForced, page }))
  const name = isForced ? simulation : globals.runtime
  await using scope = await host.open({
    signal,
    requires: [imageBuilderCapability],
    ...(name === undefined ? {} : { runtime: name }),
  })
  const stage = new QuickstartStage(invocation, { simulated: scope.report.selection === 'named' })
  await using image = new QuickstartImage(scope, { io, signal })
  const exitCode = await play(image, stage, () => askFeatures(reports, invocation, stage))
  const simulated = scope.report.selection === 'named' ? scope.runtimeName : undefined
  io.stdout.write(toLastPage({ command: findCommand(io), runtime: simulated, page }))
  return exitCode
}

/** By a script of npm, or by npx, it is no command of the shell. */
function findCommand({ env }: Pick<Io, 'env'>): string {
  return env.npm_lifecycle_event === undefined ? 'capstan' : 'npx capstan'
}

async function play(image: QuickstartImage, stage: QuickstartStage, ask: () => Promise<string>): Promise<number> {
  const built = await stage.step('Build examples/quickstart/Dockerfile', async () => {
    const tag = await image.build()
    return { text: `built ${tag} on ${image.runtime}`, isGood: true }
  })
  const ran = await stage.step('Run it', async () => {
    const code = await image.run()
    return { text: `exit code ${code}`, isGood: code === 0 }
  })
  await stage.step('Ask each feature where it works', async () => ({ text: await ask(), isGood: true }))
  const cleaned = await stage.step('Clean up', async () => {
    const { before, after } = await image.cleanUp()
    stage.write(`found by the label of their owner: ${toCountText(before)}\n`)
    return { text: `removed; left: ${toCountText(after)}`, isGood: isNothing(after) }
  })
  return built && ran && cleaned ? 0 : failureCode
}

/** On the runtimes that are here, and on one that lacks things, to see what a no looks like. */
async function askFeatures(
  reports: readonly RuntimeReport[],
  { io, interrupts }: Invocation,
  stage: QuickstartStage,
): Promise<string> {
  const without = [networkManagerCapability, sidecarManagerCapability]
  await using host = createRuntimeHost({ plugins: [memoryPlugin({ name: 'bare', without })], env: io.env })
  const all = [...reports, ...(await host.discover({ signal: interrupts.signal }))]
  const simulated = new Set(all.filter(({ selection }) => selection === 'named').map(({ runtime }) => runtime))
  const toName = (runtime: string) => (simulated.has(runtime) ? `${runtime} (simulated)` : runtime)
  const supports = toFeatureSupports(all)
  stage.write(toSupportTable(supports, { ...stage.page, width: stage.width }, toName))
  return `asked ${all.filter(({ available }) => available).length} runtimes, from their reports alone`
}

function isNothing(counts: OwnedCounts): boolean {
  return Object.values(counts).every((count) => count === 0)
}

const simulation = 'memory'
const simulationText =
  'No container engine is available, so the quickstart is simulated: it runs in this process and makes no real ' +
  'container.'
