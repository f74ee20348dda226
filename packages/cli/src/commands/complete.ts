import { Readable } from 'node:stream'
import {
  composeManagerCapability,
  findCapability,
  networkManagerCapability,
  type RuntimeScope,
  type SwarmManager,
  swarmManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import type { Argument, Command, Option } from 'commander'
import { hasNoProcess } from '../host/find-container.js'
import type { Invocation } from '../host/invocation.js'
import { openHost, openRuntime } from '../host/open-host.js'
import { type CompletionTarget, findCompletionTarget } from '../options/completion-target.js'
import { toRuntime } from '../options/global-options.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { toOneLine } from '../render/printable.js'
import { writeOutput } from '../render/write-output.js'
import type { Call, CommandModule } from './command.js'

/** Creates `capstan __complete`, which the scripts of `capstan completion` call. `load` defines a command of the program. */
export function createCompleteModule(load: (command: Command) => Promise<void>): CommandModule {
  return {
    define: (command, setAction) => {
      command
        .description('Prints the words that complete the last one of a command line. Used by `capstan completion`.')
        .argument('[words...]', 'The command line without its first word')
        .passThroughOptions()
      const toTarget = (words: readonly string[]) => findCompletionTarget(command.parent ?? command, words, load)
      setAction(command, (call) => complete(toTarget, call))
    },
  }
}

/** Prints nothing when it fails, since the user has not run a command. */
async function complete(
  toTarget: (words: readonly string[]) => Promise<CompletionTarget>,
  { invocation, operands }: Call,
): Promise<number> {
  const find = async () => await findCandidates(await toTarget(operands), invocation)
  const candidates = await find().catch(() => [])
  const lines = candidates.map(({ word, description = '' }) => `${word}${description && `\t${description}`}\n`)
  await writeOutput(invocation.io.stdout, lines.join(''), invocation.interrupts)
  return 0
}

/** A word that completes the last one. The word `:files` stands for the names of files. */
interface Candidate {
  readonly word: string
  readonly description?: string | undefined
}

async function findCandidates(target: CompletionTarget, invocation: Invocation): Promise<readonly Candidate[]> {
  const all = await listAll(target, withGivenOptions(invocation, target))
  const prefix = target.kind === 'value' ? target.prefix : ''
  const known = new Set(target.kind === 'operand' ? target.operands : [])
  return all
    .filter(({ word }) => word === files.word || (`${prefix}${word}`.startsWith(target.current) && !known.has(word)))
    .map(({ word, description }) => ({ word: word === files.word ? word : `${prefix}${word}`, description }))
}

/** The global options in the command line apply to the search for names. */
function withGivenOptions(invocation: Invocation, { values }: CompletionTarget): Invocation {
  const given = (name: string) => values.filter(([option]) => option === name).map(([, value]) => value)
  const { globals } = invocation
  const context = given('--context').at(-1) ?? globals.context
  const runtime = toRuntime({ runtime: given('--runtime').at(-1) ?? globals.runtime, context })
  const plugin = [...globals.plugin, ...given('--plugin')]
  const probeTimeoutMs = globals.probeTimeoutMs ?? probeMs
  return { ...invocation, globals: { ...globals, runtime, context, plugin, probeTimeoutMs } }
}

async function listAll(target: CompletionTarget, invocation: Invocation): Promise<readonly Candidate[]> {
  const { command } = target
  if (target.kind === 'commands') return listCommands(command)
  if (target.kind === 'options') return listOptions(command)
  if (target.kind === 'value') return await listValues(target.option, invocation)
  if (target.kind !== 'operand') return []
  const isService = command.parent?.name() === 'compose' && target.argument.name() === 'service'
  return isService
    ? await listProjectServices(target, invocation)
    : await listOperands(command, target.argument, invocation)
}

function listCommands(command: Command): readonly Candidate[] {
  const visible = command.createHelp().visibleCommands(command)
  return visible.map((each) => ({ word: each.name(), description: each.summary() }))
}

function listOptions(command: Command): readonly Candidate[] {
  const visible = command.createHelp().visibleOptions(command)
  return visible.flatMap(({ long, description }) => (long === undefined ? [] : [{ word: long, description }]))
}

async function listValues({ long, flags, argChoices }: Option, invocation: Invocation): Promise<readonly Candidate[]> {
  if (argChoices !== undefined) return argChoices.map((word) => ({ word }))
  if (long === '--runtime') return await listRuntimes(invocation)
  if (long === '--context') return await listContextNames(invocation)
  if (long === '--project-name') return await listProjectNames(invocation)
  if (long === '--network') {
    const found = await listNames(invocation, listNetworks)
    return [...new Set(['none', 'host', ...found.map(({ word }) => word)])].map((word) => ({ word }))
  }
  return fileOptions.has(long ?? '') || /<(file|folder|source:target.*)>$/.test(flags) ? [files] : []
}

async function listOperands(
  command: Command,
  argument: Argument,
  invocation: Invocation,
): Promise<readonly Candidate[]> {
  if (command.name() === 'help' && command.parent !== null) return listCommands(command.parent)
  if (argument.argChoices !== undefined) return argument.argChoices.map((word) => ({ word }))
  const name = argument.name()
  if (name === 'context') return await listContextNames(invocation)
  if (name === 'container') return await listNames(invocation, (scope) => listContainers(scope, command.name()))
  if (name === 'image' || name === 'source' || name === 'repository') return await listNames(invocation, listImages)
  if (name === 'network') return await listNames(invocation, listNetworks)
  if (name === 'volume') return await listNames(invocation, listVolumes)
  const listCluster = clusterLists.get(name)
  if (listCluster !== undefined) return await listNames(invocation, (scope) => listClusterNames(scope, listCluster))
  if (name === 'src' || name === 'dest') {
    const containers = await listNames(invocation, (scope) => listContainers(scope, command.name()))
    return [...containers.map(({ word, description }) => ({ word: `${word}:`, description })), files]
  }
  return fileOperands.has(name) ? [files] : []
}

/** The services of the project that the options before the subcommand name. */
async function listProjectServices(
  { values }: CompletionTarget,
  invocation: Invocation,
): Promise<readonly Candidate[]> {
  const given = (name: string) => values.filter(([option]) => option === name).map(([, value]) => value)
  const [file, profile, envFile] = ['--file', '--profile', '--env-file'].map(given)
  const [projectName, projectDirectory] = ['--project-name', '--project-directory'].map((name) => given(name).at(-1))
  const lists = { file: orUndefined(file), profile: orUndefined(profile), envFile: orUndefined(envFile) }
  const { findComposeSource } = await import('../compose/compose-source.js')
  const { env, cwd } = invocation.io
  // The content of the file `-` is not known yet: stdin is that of the shell.
  const io = { env, cwd, stdin: Readable.from([]) }
  const source = await findComposeSource(omitUndefined({ ...lists, projectName, projectDirectory }), io)
  await using opened = await openRuntime(invocation)
  const compose = await opened.require(composeManagerCapability)
  const { services } = await compose.readProject(source, { signal: AbortSignal.timeout(listMs) })
  return services.map(({ name, image }) => ({ word: name, description: image }))
}

function orUndefined(values: readonly string[] = []): readonly string[] | undefined {
  return values.length === 0 ? undefined : values
}

async function listProjectNames(invocation: Invocation): Promise<readonly Candidate[]> {
  await using opened = await openRuntime(invocation)
  const compose = await opened.require(composeManagerCapability)
  const projects = await compose.listProjects({ signal: AbortSignal.timeout(listMs) })
  return projects.map(({ name, services }) => ({ word: name, description: services.join(', ') }))
}

async function listRuntimes(invocation: Invocation): Promise<readonly Candidate[]> {
  await using host = await openHost(invocation)
  const reports = await host.discover({ signal: invocation.interrupts.signal })
  return reports.map(({ runtime, available }) => ({ word: runtime, description: available ? '' : 'unavailable' }))
}

async function listContextNames({ io }: Invocation): Promise<readonly Candidate[]> {
  const { listContexts } = await import('@capstan/runtime-docker')
  const { contexts } = await listContexts(io.env)
  return contexts.map(({ name, description }) => ({ word: name, description: toOneLine(description) }))
}

async function listNames(
  invocation: Invocation,
  list: (scope: RuntimeScope) => Promise<readonly Candidate[]>,
): Promise<readonly Candidate[]> {
  await using opened = await openRuntime(invocation)
  return await list(opened.scope)
}

async function listContainers({ runtime }: RuntimeScope, command: string): Promise<readonly Candidate[]> {
  const all = await runtime.listContainers({ signal: AbortSignal.timeout(listMs) })
  const isShown = states.get(command) ?? (() => true)
  return all
    .filter(({ state }) => isShown(!hasNoProcess(state)))
    .map(({ name, image, state }) => ({ word: name, description: `${image}, ${state}` }))
}

async function listImages({ runtime }: RuntimeScope): Promise<readonly Candidate[]> {
  const images = await runtime.listImages({ signal: AbortSignal.timeout(listMs) })
  return images.flatMap(({ tags }) => tags).map((word) => ({ word }))
}

async function listNetworks(scope: RuntimeScope): Promise<readonly Candidate[]> {
  const networks = await findCapability(scope, networkManagerCapability)?.listNetworks({
    signal: AbortSignal.timeout(listMs),
  })
  return (networks ?? []).map(({ name }) => ({ word: name }))
}

async function listVolumes(scope: RuntimeScope): Promise<readonly Candidate[]> {
  const volumes = await findCapability(scope, volumeManagerCapability)?.listVolumes({
    signal: AbortSignal.timeout(listMs),
  })
  return (volumes ?? []).map(({ name }) => ({ word: name }))
}

/** The objects of a cluster by the name of the argument. */
const clusterLists: ReadonlyMap<string, ClusterList> = new Map<string, ClusterList>([
  ['service', (swarm, options) => swarm.listServices(options)],
  ['secret', (swarm, options) => swarm.listSecrets(options)],
  ['config', (swarm, options) => swarm.listConfigs(options)],
])

type ClusterList = (
  swarm: SwarmManager,
  options: { readonly signal: AbortSignal },
) => Promise<readonly { readonly name: string }[]>

async function listClusterNames(scope: RuntimeScope, list: ClusterList): Promise<readonly Candidate[]> {
  const swarm = findCapability(scope, swarmManagerCapability)
  const found = swarm === undefined ? [] : await list(swarm, { signal: AbortSignal.timeout(listMs) })
  return found.map(({ name }) => ({ word: name }))
}

/** The containers that a command accepts, by whether they have a process. Default: all. */
const states: ReadonlyMap<string, (hasProcess: boolean) => boolean> = new Map([
  ['start', (hasProcess) => !hasProcess],
  ...['attach', 'exec', 'kill', 'pause', 'port', 'stats', 'stop', 'top', 'unpause', 'wait'].map(
    (name) => [name, (hasProcess: boolean) => hasProcess] as const,
  ),
])

const files: Candidate = { word: ':files' }
const fileOptions: ReadonlySet<string> = new Set(['--file', '--input', '--output', '--plugin', '--report'])
const fileOperands: ReadonlySet<string> = new Set(['path', 'file'])
const probeMs = 2_000
const listMs = 2_000
