import type { RuntimeScope } from '@capstan/core'
import { BuildKitFeature, type BuildKitSidecar, type BuildKitStopOutcome } from '@capstan/feature-buildkit'
import type { Command } from 'commander'
import { readBuildKitOptions, withImageRemedies } from '../buildkit/buildkit-options.js'
import { describeAbsence } from '../buildkit/shared-buildkit.js'
import { CliError } from '../errors/cli-error.js'
import type { Invocation } from '../host/invocation.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { parseBytes } from '../options/numbers.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { toCacheDocument, toCachePage, toPrivilegeLines, toStatusPage } from '../render/buildkit-pages.js'
import { createBuildKitStartDisplay } from '../render/buildkit-start-display.js'
import { toPageStyle } from '../render/page.js'
import { whileWaiting } from '../render/status-line.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { defineHistory } from './buildkit-history.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan buildkit` and its subcommands. */
export function define(group: Command, setAction: SetAction): void {
  const add = (name: string, summary: string) =>
    group.command(name).summary(summary).description(`${summary}.`).option('--json', 'Print one JSON document')
  const setSubcommand = (command: Command, subcommand: Subcommand) =>
    setAction<BuildKitCommandOptions>(command, (call) => runSubcommand(call, subcommand))
  group
    .helpCommand('help [command]', 'Show the help of a command')
    .description(
      'Manages a BuildKit in a container, shared by `capstan build`, `capstan run --buildkit` and programs. Without ' +
        '`start`, it and its cache are removed when the last build or command that uses it has ended.',
    )
    .addHelpText(
      'after',
      toExamples({
        'capstan buildkit start': 'Keep BuildKit and its cache until `capstan buildkit stop`',
        'capstan buildkit prune --keep 2g': 'Remove all but the most recently used 2 GiB of the cache',
      }) + environment,
    )
  setSubcommand(add('start', 'Start BuildKit, or find the running one, and print its container'), start)
  setSubcommand(add('status', 'Show whether BuildKit runs, and its version'), status)
  setSubcommand(add('du', 'Show the records of the cache'), diskUsage)
  const pruneCommand = add('prune', 'Remove unused records from the cache')
    .option('-a, --all', 'Also remove internal records, those of frontends, and those referenced from outside BuildKit')
    .option('--keep <size>', 'Keep the most recently used records up to this size, such as 2g')
  setSubcommand(pruneCommand, prune)
  defineHistory(group, setAction)
  setSubcommand(add('stop', 'Stop BuildKit when nothing uses it any more, and remove its cache'), stop)
}

const environment = `

Environment:
  CAPSTAN_BUILDKIT_IMAGE  the image of BuildKit, instead of the default`

interface BuildKitCommandOptions {
  readonly json?: boolean
  readonly all?: boolean
  readonly keep?: string
}

async function runSubcommand(
  { invocation, options }: Call<BuildKitCommandOptions>,
  subcommand: Subcommand,
): Promise<number> {
  await using opened = await openRuntime(invocation, { requires: BuildKitFeature.sidecarNeeds.required })
  const output = await subcommand({ scope: opened.scope, invocation, options })
  const text = options.json ? toJson(output.document) : output.text
  await writeOutput(invocation.io.stdout, text, invocation.interrupts)
  return 0
}

type Subcommand = (call: SubcommandCall) => Promise<SubcommandOutput>

interface SubcommandCall {
  readonly scope: RuntimeScope
  readonly invocation: Invocation
  readonly options: BuildKitCommandOptions
}

/** The output of a subcommand: JSON, or text. */
interface SubcommandOutput {
  readonly document: object
  readonly text: string
}

async function start({ scope, invocation, options }: SubcommandCall): Promise<SubcommandOutput> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  using display = options.json ? undefined : createBuildKitStartDisplay(io.stderr)
  try {
    const startOptions = { signal, ...omitUndefined({ ...readBuildKitOptions(io), onProgress: display?.onProgress }) }
    await using sidecar = await scope.resolve(BuildKitFeature).start(startOptions)
    await sidecar.pin({ signal })
    const { containerId, privilege, privilegeLevels } = sidecar
    display?.succeed(`BuildKit runs on ${scope.runtimeName} until \`capstan buildkit stop\``)
    if (!options.json) io.stderr.write(toPrivilegeLines(privilegeLevels))
    const document = { runtime: scope.runtimeName, containerId, privilege, privilegeLevels }
    return { document, text: `${containerId}\n` }
  } catch (error) {
    throw withImageRemedies(error, { io })
  }
}

async function status(call: SubcommandCall): Promise<SubcommandOutput> {
  const runtime = call.scope.runtimeName
  await using sidecar = await find(call)
  if (sidecar === undefined) return { document: { runtime, running: false }, text: `${describeAbsence(call.scope)}.\n` }
  const { signal } = call.invocation.interrupts
  const workers = await sidecar.workers({ signal })
  const records = await sidecar.diskUsage({ signal })
  const { containerId, networkId, privilege } = sidecar
  const cacheBytes = records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const details = { containerId, networkId, privilege, workers, cacheRecords: records.length, cacheBytes }
  return { document: { runtime, running: true, ...details }, text: toStatusPage({ runtime, ...details }) }
}

async function diskUsage(call: SubcommandCall): Promise<SubcommandOutput> {
  await using sidecar = await requireRunning(call)
  const { signal } = call.invocation.interrupts
  const records = await sidecar.diskUsage({ signal })
  return { document: toCacheDocument(records), text: toCachePage(records, toPageStyle(call.invocation.io)) }
}

async function prune(call: SubcommandCall): Promise<SubcommandOutput> {
  const { all = false, keep } = call.options
  const keepBytes = keep === undefined ? 0 : parseBytes(keep, '--keep')
  await using sidecar = await requireRunning(call)
  const { signal } = call.invocation.interrupts
  const work = () => sidecar.prune({ all, keepBytes, signal })
  const records = await whileWaiting(call.invocation.io.stderr, 'Pruning the cache of BuildKit', work)
  return { document: toCacheDocument(records), text: toCachePage(records, toPageStyle(call.invocation.io)) }
}

async function stop({ scope, invocation }: SubcommandCall): Promise<SubcommandOutput> {
  const { io, interrupts } = invocation
  const options = { ...readBuildKitOptions(io), signal: interrupts.signal }
  const work = () => scope.resolve(BuildKitFeature).stop(options)
  return stopOutputs[await whileWaiting(io.stderr, 'Stopping BuildKit', work)](scope)
}

const stopOutputs: Readonly<Record<BuildKitStopOutcome, (scope: RuntimeScope) => SubcommandOutput>> = {
  absent: (scope) => ({
    document: { runtime: scope.runtimeName, state: 'absent' },
    text: `${describeAbsence(scope)}.\n`,
  }),
  'in-use': ({ runtimeName: runtime }) => {
    const text = 'BuildKit is in use, and stops when the last build or command that uses it has ended.\n'
    return { document: { runtime, state: 'in use' }, text }
  },
  stopped: ({ runtimeName: runtime }) => ({
    document: { runtime, state: 'stopped' },
    text: `BuildKit has stopped on ${runtime}.\n`,
  }),
}

/** Finds the running BuildKit. Shows the elapsed time, since the daemon may be slow to answer. */
async function find({ scope, invocation, options }: SubcommandCall): Promise<BuildKitSidecar | undefined> {
  const { io, interrupts } = invocation
  using display = options.json ? undefined : createBuildKitStartDisplay(io.stderr, { title: 'Waiting for BuildKit' })
  return await scope.resolve(BuildKitFeature).find({
    signal: interrupts.signal,
    ...omitUndefined({ ...readBuildKitOptions(io), onProgress: display?.onProgress }),
  })
}

async function requireRunning(call: SubcommandCall): Promise<BuildKitSidecar> {
  const sidecar = await find(call)
  if (sidecar !== undefined) return sidecar
  const remedies = ['`capstan buildkit start` starts it']
  throw new CliError(describeAbsence(call.scope), { remedies })
}
