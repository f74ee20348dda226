import {
  createRuntimeHost,
  imageBuilderCapability,
  networkManagerCapability,
  type RuntimeReport,
  sidecarManagerCapability,
} from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import type { Command } from 'commander'
import { failureCode } from '../errors/cli-error.js'
import { toFeatureSupports } from '../host/features.js'
import type { Invocation } from '../host/invocation.js'
import { openHost } from '../host/open-host.js'
import { chooseRuntime, findNamedRuntime, toChoiceText } from '../host/runtime-choice.js'
import { toExamples } from '../options/command-definition.js'
import { toCountText } from '../quickstart/owned-counts.js'
import { QuickstartOutput } from '../quickstart/quickstart-output.js'
import { QuickstartResources } from '../quickstart/quickstart-resources.js'
import { toPageStyle } from '../render/page.js'
import { toFirstPage, toLastPage } from '../render/quickstart-pages.js'
import { toSupportTable } from '../render/runtime-tables.js'
import { whileWaiting } from '../render/status-line.js'
import type { Io } from '../terminal/io.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan quickstart`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Shows the runtimes on this machine, builds a small image without a registry, runs it, lists which features each ' +
        'runtime supports, and removes everything it created. Without a container engine, everything is simulated.',
    )
    .addHelpText('after', toExamples({ 'capstan quickstart --runtime memory': 'Run it on the simulation' }))
  setAction(command, quickstart)
}

async function quickstart({ invocation }: Call): Promise<number> {
  const { io, interrupts, globals } = invocation
  const { signal } = interrupts
  await using host = await openHost(invocation)
  const reports = await whileWaiting(io.stderr, 'Looking for container runtimes', () => host.discover({ signal }))
  const choice = chooseRuntime(reports, findNamedRuntime(invocation))
  // If an engine did not answer in time, nothing is simulated: `open` below rejects with RUNTIME_UNAVAILABLE.
  const isSimulated = choice.runtime === undefined && choice.unavailable === undefined && choice.slow.length === 0
  const page = toPageStyle(io)
  const choiceText = isSimulated ? simulationText : toChoiceText(choice)
  io.stdout.write(toFirstPage(reports, { choice: choiceText, isSimulated, page }))
  const name = isSimulated ? simulation : globals.runtime
  await using scope = await host.open({
    signal,
    requires: [imageBuilderCapability],
    ...(name === undefined ? {} : { runtime: name }),
  })
  const simulated = scope.report.selection === 'named'
  const output = new QuickstartOutput(io, { simulated })
  await using resources = new QuickstartResources(scope, { io, signal })
  const exitCode = await runSteps(resources, output, () => showFeatures(reports, invocation, output))
  io.stdout.write(toLastPage({ command: findCommand(io), simulation: simulated ? scope.runtimeName : undefined, page }))
  return exitCode
}

/** Returns how the user invokes the command: in a script of npm, or with npx, it is not on the PATH. */
function findCommand({ env }: Pick<Io, 'env'>): string {
  return env.npm_lifecycle_event === undefined ? 'capstan' : 'npx capstan'
}

async function runSteps(
  resources: QuickstartResources,
  output: QuickstartOutput,
  showFeatures: () => Promise<string>,
): Promise<number> {
  const built = await output.step('Build the Dockerfile of the example', async () => {
    const tag = await resources.build()
    return { text: `built ${tag} on ${resources.runtime}`, succeeded: true }
  })
  const ran = await output.step('Run it', async () => {
    const code = await resources.run()
    return { text: `exit code ${code}`, succeeded: code === 0 }
  })
  await output.step('Show which features each runtime supports', async () => ({
    text: await showFeatures(),
    succeeded: true,
  }))
  const cleaned = await output.step('Clean up', async () => {
    const { before, after } = await resources.cleanUp()
    output.write(`found by their owner label: ${toCountText(before)}\n`)
    return {
      text: `removed; left: ${toCountText(after)}`,
      succeeded: Object.values(after).every((count) => count === 0),
    }
  })
  return built && ran && cleaned ? 0 : failureCode
}

/** Shows the features of the runtimes, and of a runtime that lacks capabilities, as an example of missing support. */
async function showFeatures(
  reports: readonly RuntimeReport[],
  { io, interrupts }: Invocation,
  output: QuickstartOutput,
): Promise<string> {
  const without = [networkManagerCapability, sidecarManagerCapability]
  await using host = createRuntimeHost({ plugins: [memoryPlugin({ name: 'no-networks', without })], env: io.env })
  const all = [...reports, ...(await host.discover({ signal: interrupts.signal }))]
  const simulated = new Set(all.filter(({ selection }) => selection === 'named').map(({ runtime }) => runtime))
  const toName = (runtime: string) => (simulated.has(runtime) ? `${runtime} (simulated)` : runtime)
  const supports = toFeatureSupports(all)
  output.write(toSupportTable(supports, { ...output.page, width: output.width }, toName))
  output.write('A runtime without BuildKit builds can run BuildKit in a sidecar.\n')
  output.write('The runtime no-networks is an example that lacks networks and sidecars.\n')
  return `${all.filter(({ available }) => available).length} runtimes compared`
}

const simulation = 'memory'
const simulationText =
  'No container engine is available, so the quickstart is simulated: it runs in this process and creates no real ' +
  'container.'
