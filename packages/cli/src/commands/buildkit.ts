import type { RuntimeScope } from '@capstan/core'
import { BuildKitFeature, type BuildKitSidecar, type BuildKitStopOutcome } from '@capstan/feature-buildkit'
import type { Command } from 'commander'
import { readBuildKitOptions, withImageRemedies } from '../buildkit/buildkit-options.js'
import { UsageError } from '../errors/usage-error.js'
import type { Invocation } from '../host/invocation.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-options.js'
import { parseBytes } from '../options/numbers.js'
import { toCacheDocument, toCachePage, toPrivilegeLines, toStatusPage } from '../render/buildkit-pages.js'
import { toPageStyle } from '../render/page.js'
import { createStartDisplay } from '../render/start-display.js'
import { whileWaiting } from '../render/status-line.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan buildkit` and its subcommands. */
export function define(group: Command, setAction: SetAction): void {
  const add = (name: string, summary: string) =>
    group.command(name).summary(summary).description(`${summary}.`).option('--json', 'Print one JSON document')
  const set = (command: Command, action: Action) =>
    setAction<BuildKitCommandOptions>(command, (call) => perform(call, action))
  group
    .helpCommand('help [command]', 'Show the help of a command')
    .description(
      'Manages a BuildKit in a container, shared by `capstan build`, `capstan run --buildkit` and programs. Without ' +
        '`start`, it and its cache are removed after the last user.',
    )
    .addHelpText(
      'after',
      toExamples({
        'capstan buildkit start': 'Keep BuildKit and its cache until `capstan buildkit stop`',
        'capstan buildkit prune --keep 2g': 'Remove all but the newest 2 GB of the cache',
      }) + environment,
    )
  set(add('start', 'Start BuildKit, or find the running one, and print its container'), start)
  set(add('status', 'Show whether BuildKit runs, and its version'), status)
  set(add('du', 'Show the records of the cache'), diskUsage)
  const pruneCommand = add('prune', 'Remove unused records from the cache')
    .option('-a, --all', 'Also remove internal records')
    .option('--keep <size>', 'Keep the newest records up to this size, such as 2g')
  set(pruneCommand, prune)
  set(add('stop', 'Stop BuildKit after its last user, and remove its cache'), stop)
}

const environment = `

Environment:
  CAPSTAN_BUILDKIT_IMAGE  the image of BuildKit, instead of the default`

interface BuildKitCommandOptions {
  readonly json?: boolean
  readonly all?: boolean
  readonly keep?: string
}

async function perform({ invocation, options }: Call<BuildKitCommandOptions>, action: Action): Promise<number> {
  await using opened = await openRuntime(invocation, { requires: BuildKitFeature.needs.required })
  const answer = await action({ scope: opened.scope, invocation, options })
  const text = options.json ? toJson(answer.document) : answer.page
  await writeOutput(invocation.io.stdout, text, invocation.interrupts)
  return 0
}

type Action = (request: Request) => Promise<Answer>

interface Request {
  readonly scope: RuntimeScope
  readonly invocation: Invocation
  readonly options: BuildKitCommandOptions
}

/** The output of a subcommand: JSON, or text. */
interface Answer {
  readonly document: object
  readonly page: string
}

async function start({ scope, invocation, options }: Request): Promise<Answer> {
  const { io, interrupts } = invocation
  const chosen = readBuildKitOptions(io)
  const display = options.json ? undefined : createStartDisplay(io.stderr)
  const onProgress = display?.onProgress.bind(display)
  const { signal } = interrupts
  try {
    const given = { ...chosen, graceMs: 0, signal, ...(onProgress && { onProgress }) }
    await using sidecar = await scope.resolve(BuildKitFeature).start(given)
    await sidecar.pin({ signal })
    const { containerId, privilege, privilegeLevels } = sidecar
    display?.succeed(`BuildKit runs on ${scope.runtimeName} until \`capstan buildkit stop\``)
    if (!options.json) io.stderr.write(toPrivilegeLines(privilegeLevels))
    const document = { runtime: scope.runtimeName, containerId, privilege, privilegeLevels }
    return { document, page: `${containerId}\n` }
  } catch (error) {
    throw withImageRemedies(error, { io, canBuildWithout: false })
  } finally {
    display?.clear()
  }
}

async function status(request: Request): Promise<Answer> {
  const runtime = request.scope.runtimeName
  await using sidecar = await find(request)
  if (sidecar === undefined)
    return { document: { runtime, running: false }, page: `BuildKit does not run on ${runtime}.\n` }
  const { signal } = request.invocation.interrupts
  const workers = await sidecar.workers({ signal })
  const records = await sidecar.diskUsage({ signal })
  const { containerId, networkId, privilege } = sidecar
  const cacheBytes = records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const facts = { containerId, networkId, privilege, workers, cacheRecords: records.length, cacheBytes }
  return { document: { runtime, running: true, ...facts }, page: toStatusPage({ runtime, ...facts }) }
}

async function diskUsage(request: Request): Promise<Answer> {
  await using sidecar = await requireRunning(request)
  const { signal } = request.invocation.interrupts
  const records = await sidecar.diskUsage({ signal })
  return { document: toCacheDocument(records), page: toCachePage(records, toPageStyle(request.invocation.io)) }
}

async function prune(request: Request): Promise<Answer> {
  const { all = false, keep } = request.options
  const keepBytes = keep === undefined ? 0 : parseBytes(keep, '--keep')
  await using sidecar = await requireRunning(request)
  const { signal } = request.invocation.interrupts
  const work = () => sidecar.prune({ all, keepBytes, signal })
  const records = await whileWaiting(request.invocation.io.stderr, 'Pruning the cache of BuildKit', work)
  const page = toCachePage(records, toPageStyle(request.invocation.io))
  return { document: toCacheDocument(records), page }
}

async function stop({ scope, invocation }: Request): Promise<Answer> {
  const { io, interrupts } = invocation
  const runtime = scope.runtimeName
  const given = { ...readBuildKitOptions(io), signal: interrupts.signal }
  const work = () => scope.resolve(BuildKitFeature).stop(given)
  return stopAnswers[await whileWaiting(io.stderr, 'Stopping BuildKit', work)](runtime)
}

const stopAnswers: Readonly<Record<BuildKitStopOutcome, (runtime: string) => Answer>> = {
  absent: (runtime) => ({ document: { runtime, state: 'absent' }, page: `BuildKit does not run on ${runtime}.\n` }),
  'in-use': (runtime) => {
    return { document: { runtime, state: 'in use' }, page: 'BuildKit is in use, and stops after its last user.\n' }
  },
  stopped: (runtime) => ({ document: { runtime, state: 'stopped' }, page: `BuildKit has stopped on ${runtime}.\n` }),
}

/** Finds the running BuildKit. Shows the elapsed time, since the daemon may be slow to answer. */
async function find({ scope, invocation, options }: Request): Promise<BuildKitSidecar | undefined> {
  const { io, interrupts } = invocation
  const display = options.json ? undefined : createStartDisplay(io.stderr, { title: 'Waiting for BuildKit' })
  const onProgress = display?.onProgress.bind(display)
  const given = { ...readBuildKitOptions(io), graceMs: 0, signal: interrupts.signal }
  try {
    return await scope.resolve(BuildKitFeature).find({ ...given, ...(onProgress && { onProgress }) })
  } finally {
    display?.clear()
  }
}

async function requireRunning(request: Request): Promise<BuildKitSidecar> {
  const sidecar = await find(request)
  if (sidecar !== undefined) return sidecar
  const remedies = ['`capstan buildkit start` starts it']
  throw new UsageError(`BuildKit does not run on ${request.scope.runtimeName}`, { remedies })
}
