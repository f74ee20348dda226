import {
  type ComposeProject,
  composeManagerCapability,
  type LogOptions,
  type ProjectInfo,
  type ServiceState,
} from '@capstan/core'
import { validateLogOptions } from '@capstan/core/plugin'
import { type Command, Option } from 'commander'
import { type ComposeProjectOptions, findComposeSource, findProjectName } from '../compose/compose-source.js'
import { showLogs, toLoggedContainers } from '../compose/service-logs.js'
import { CliError } from '../errors/cli-error.js'
import { hasNoProcess } from '../host/find-container.js'
import type { Invocation } from '../host/invocation.js'
import { openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { parseNumber, parseSeconds } from '../options/numbers.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { parseSince } from '../options/since.js'
import { toPortText } from '../render/port-text.js'
import { toOneLine } from '../render/printable.js'
import { renderTable } from '../render/table.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { findColumns } from '../terminal/terminal-size.js'
import type { Call, SetAction } from './command.js'
import { type UpCommandOptions, upProject } from './compose-up.js'
import { type ExecCommandOptions, runExec } from './exec.js'

/** Defines `capstan compose` and its subcommands. */
export function define(group: Command, setAction: SetAction): void {
  group
    .helpCommand('help [command]', 'Show the help of a command')
    .description('Runs the services that Compose files describe, and waits until they are ready.')
    .option('-f, --file <file>', 'Read this Compose file, or stdin for -; later ones override (repeatable)', collect)
    .option('-p, --project-name <name>', 'Set the name of the project')
    .option('--profile <name>', "Enable the services of a profile, or of all profiles for '*' (repeatable)", collect)
    .option('--env-file <file>', 'Read variables for interpolation from a file, not from .env (repeatable)', collect)
    .option('--project-directory <folder>', 'Set the folder for relative paths (default: that of the first file)')
    .addHelpText('after', toExamples(examples) + notes)
  const add = (name: string, summary: string) => group.command(name).summary(summary).description(`${summary}.`)
  const project = () => group.opts<ComposeProjectOptions>()
  defineUp(add('up', 'Create and start services, and wait until they are ready'), setAction, project)
  const down = add('down', 'Stop and remove the containers and networks of a project')
    .option('-v, --volumes', 'Remove the volumes, too, except external ones')
    .option('-t, --timeout <seconds>', 'Set the seconds before a container is killed (default: 10)')
    .option('--remove-orphans', 'Accepted: containers of services that the files no longer have are always removed')
  setAction<DownOptions>(down, (call) => downProject(call, project()))
  const ps = add('ps', 'List the containers of a project')
    .argument('[service...]', 'Names of services (default: all)')
    .option('-a, --all', 'Show all containers, not only running ones')
    .option('-q, --quiet', 'Print full container IDs only')
    .option('--services', 'Print the names of the services only')
    .option('--json', 'Print one JSON document')
  setAction<PsOptions>(ps, (call) => listContainers(call, project()))
  const list = add('ls', 'List the projects that have containers')
    .option('-q, --quiet', 'Print names only')
    .option('--json', 'Print one JSON document')
  setAction<ListOptions>(list, listProjects)
  defineLogs(add('logs', 'Show the logs of services'), setAction, project)
  defineExec(add('exec', 'Run a command in a running container of a service'), setAction, project)
  const config = add('config', 'Show the project that the files describe')
    .option('--services', 'Print the names of the services only')
    .option('--images', 'Print the images only')
    .option('--networks', 'Print the names of the networks only')
    .option('--volumes', 'Print the names of the volumes only')
    .option('-q, --quiet', 'Print nothing, and only check the files')
    .option('--json', 'Print one JSON document')
  setAction<ConfigOptions>(config, (call) => showConfig(call, project()))
}

const examples = {
  'capstan compose up -d': 'Start the project of compose.yaml in this folder or a parent',
  'capstan compose -f test.yaml up --job migrate': 'Wait until service "migrate" has exited with 0, then show the logs',
  'capstan compose exec db sh': 'Open a shell in service "db"',
  'capstan compose down -v': 'Remove the containers, networks and volumes',
}

const notes = `

Options before the subcommand name the project, as in docker. Without --file,
the files are those of COMPOSE_FILE, else compose.yaml and compose.override.yaml.`

type FindProject = () => ComposeProjectOptions

function defineUp(command: Command, setAction: SetAction, project: FindProject): void {
  command
    .argument('[service...]', 'Names of services; those on which they depend are started, too (default: all)')
    .option('-d, --detach', 'Run in the background when the services are ready')
    .option('--build', 'Build the images of services with a build section, also when they exist')
    .addOption(new Option('--pull <when>', 'Set when to pull an image').choices(['missing', 'always', 'never']))
    .option('--scale <service=number>', 'Set the number of containers of a service (repeatable)', collect)
    .option('--no-deps', 'Do not start the services on which the named ones depend')
    .option('--force-recreate', 'Create containers again, also when their settings have not changed')
    .option('--no-recreate', 'Keep containers whose settings have changed')
    .option('--remove-orphans', 'Remove the containers of services that the files do not have')
    .option('--abort-on-container-exit', 'Stop the services when a container exits, and exit with its code')
    .option('--abort-on-container-failure', 'Stop the services when a container exits with another code than 0')
    .option(
      '--exit-code-from <service>',
      'Stop the services when a container exits, and exit with the code of this one',
    )
    .option('--job <service>', 'Wait until a service has exited with 0 (repeatable)', collect)
    .option('--wait', 'Accepted: the command waits until the services are ready without it, too')
    .option('--wait-timeout <seconds>', 'Fail when the services are not ready after this time')
    .option('-t, --timeout <seconds>', 'Set the seconds before a container that is stopped is killed (default: 10)')
    .option('--no-log-prefix', 'Do not print the names of the services before their output')
    .option('--json', 'Print the project, or each line of output, as JSON')
    .addHelpText('after', upNotes)
  setAction<UpCommandOptions>(command, (call) => upProject(call, project()))
}

const upNotes = `
A service is ready when it is healthy, or runs without a health check. Services
that others require to be completed, and those of --job, are ready when they have
exited with 0. After a failure, what the command created is removed.

Without -d, the logs are shown until all services have ended. Ctrl-C stops the
services, a second one kills them. With --abort-on-container-exit and -failure and
with --exit-code-from, the logs are shown as soon as the services have been started.
A job for which another service waits may exit with 0.`

interface DownOptions {
  readonly volumes?: boolean
  readonly timeout?: string
}

async function downProject(
  { invocation, options }: Call<DownOptions>,
  project: ComposeProjectOptions,
): Promise<number> {
  const { signal } = invocation.interrupts
  const { volumes = false, timeout } = options
  const graceMs = timeout === undefined ? undefined : parseSeconds(timeout, '--timeout')
  const name = await findProjectName(project, invocation.io)
  await using opened = await openRuntime(invocation, { requires: [composeManagerCapability] })
  const compose = await opened.require(composeManagerCapability)
  await compose.down(name, { volumes, signal, ...omitUndefined({ graceMs }) })
  return 0
}

/** Opens a runtime, and lists the services of the project, or only the given ones. */
async function withServices<T>(
  invocation: Invocation,
  { project, names }: { readonly project: ComposeProjectOptions; readonly names: readonly string[] },
  use: (services: readonly ServiceState[], opened: Awaited<ReturnType<typeof openRuntime>>) => Promise<T>,
): Promise<T> {
  const { signal } = invocation.interrupts
  const name = await findProjectName(project, invocation.io)
  await using opened = await openRuntime(invocation, { requires: [composeManagerCapability] })
  const compose = await opened.require(composeManagerCapability)
  const all = await compose.listServices(name, { signal })
  return await use(selectServices(all, names, name), opened)
}

function selectServices(
  all: readonly ServiceState[],
  names: readonly string[],
  project: string,
): readonly ServiceState[] {
  const missing = names.find((name) => !all.some(({ service }) => service === name))
  if (missing !== undefined) throw createMissingError(missing, all, project)
  return names.length === 0 ? all : all.filter(({ service }) => names.includes(service))
}

function createMissingError(service: string, all: readonly ServiceState[], project: string): CliError {
  const known = all.length === 0 ? 'it has no containers' : `it has ${all.map((each) => each.service).join(', ')}`
  const remedies = ['`capstan compose up` starts the services']
  return new CliError(`project "${project}" has no containers of service "${service}": ${known}`, { remedies })
}

interface PsOptions {
  readonly all?: boolean
  readonly quiet?: boolean
  readonly services?: boolean
  readonly json?: boolean
}

async function listContainers(
  { invocation, operands: names, options }: Call<PsOptions>,
  project: ComposeProjectOptions,
): Promise<number> {
  const { io, interrupts } = invocation
  return await withServices(invocation, { project, names }, async (found, { scope }) => {
    const services = found
      .map(({ service, containers }) => {
        const shown = containers.filter(({ state }) => options.all === true || !hasNoProcess(state))
        return { service, containers: shown }
      })
      .filter(({ containers }) => containers.length > 0)
    const text = options.json
      ? toJson({ runtime: scope.runtimeName, services })
      : toContainerText(services, { options, width: findColumns(io.stdout) })
    await writeOutput(io.stdout, text, interrupts)
    return 0
  })
}

function toContainerText(
  services: readonly ServiceState[],
  { options, width }: { readonly options: PsOptions; readonly width: number | undefined },
): string {
  if (options.services) return services.map(({ service }) => `${service}\n`).join('')
  const all = services.flatMap(({ service, containers }) => containers.map((container) => ({ service, ...container })))
  if (options.quiet) return all.map(({ id }) => `${id}\n`).join('')
  const rows = all.map(({ service, id, number, state, health, exitCode, ports }) => [
    service,
    String(number),
    id.slice(0, 12),
    `${state}${health === undefined ? '' : ` (${health})`}${exitCode === undefined ? '' : ` (${exitCode})`}`,
    ports.map(toPortText).join(', '),
  ])
  return renderTable({ head: ['SERVICE', 'NUMBER', 'CONTAINER ID', 'STATE', 'PORTS'], rows }, { width })
}

interface ListOptions {
  readonly quiet?: boolean
  readonly json?: boolean
}

async function listProjects({ invocation, options }: Call<ListOptions>): Promise<number> {
  const { io, interrupts } = invocation
  await using opened = await openRuntime(invocation, { requires: [composeManagerCapability] })
  const compose = await opened.require(composeManagerCapability)
  const projects = await compose.listProjects(interrupts)
  const toText = () =>
    options.quiet
      ? projects.map(({ name }) => `${name}\n`).join('')
      : renderTable(
          { head: ['NAME', 'SERVICES', 'FILES'], rows: projects.map(toProjectRow) },
          { width: findColumns(io.stdout) },
        )
  const text = options.json ? toJson({ runtime: opened.scope.runtimeName, projects }) : toText()
  await writeOutput(io.stdout, text, interrupts)
  return 0
}

function toProjectRow({ name, services, files }: ProjectInfo): readonly string[] {
  return [name, services.join(', '), files.join(', ')].map(toOneLine)
}

function defineLogs(command: Command, setAction: SetAction, project: FindProject): void {
  command
    .argument('[service...]', 'Names of services (default: all)')
    .option('-f, --follow', 'Follow the output until the services end')
    .option('-n, --tail <lines>', "Show this number of lines of each container from the end, or 'all'")
    .option('--since <time>', 'Show logs since a time, or a duration ago, such as 10m')
    .option('-t, --timestamps', 'Show timestamps')
    .option('--no-log-prefix', 'Do not print the names of the services before their output')
    .option('--json', 'Print one JSON document per line')
  setAction<LogsOptions>(command, (call) => showServiceLogs(call, project()))
}

interface LogsOptions {
  readonly follow?: boolean
  readonly tail?: string
  readonly since?: string
  readonly timestamps?: boolean
  readonly logPrefix: boolean
  readonly json?: boolean
}

async function showServiceLogs(
  { invocation, operands: names, options }: Call<LogsOptions>,
  project: ComposeProjectOptions,
): Promise<number> {
  const { io, interrupts } = invocation
  const { follow, timestamps, tail, since, logPrefix: prefix, json = false } = options
  const log = omitUndefined<LogOptions>({
    follow,
    timestamps,
    tailLines:
      tail === undefined || tail === 'all' ? undefined : parseNumber(tail, { option: '--tail', integer: true }),
    since: since === undefined ? undefined : parseSince(since, new Date()),
  })
  validateLogOptions(log)
  return await withServices(invocation, { project, names }, async (services, { scope }) => {
    const { signal } = interrupts
    await showLogs(toLoggedContainers(services), { scope, io, signal, log, prefix, json })
    return 0
  })
}

function defineExec(command: Command, setAction: SetAction, project: FindProject): void {
  command
    .argument('<service>', 'Name of the service')
    .argument('<command...>', 'Command and arguments, passed unchanged')
    .helpOption('--help', 'Show this help')
    .passThroughOptions()
    .option('-T, --no-tty', 'Allocate no pseudo-TTY (default: allocate one if stdin and stdout are terminals)')
    .option('--index <number>', 'Set the number of the container (default: the first one that runs)')
    .option(
      '-e, --env <key[=value]>',
      'Set a variable; KEY alone copies it from this environment (repeatable)',
      collect,
    )
    .option('-w, --workdir <path>', 'Set the working directory in the container')
    .option('-u, --user <user[:group]>', 'Run the command as this user and group')
    .option('--privileged', 'Give extended privileges to the command')
  setAction<ComposeExecOptions>(command, (call) => execInService(call, project()))
}

interface ComposeExecOptions extends Omit<ExecCommandOptions, 'interactive'> {
  readonly tty: boolean
  readonly index?: string
}

async function execInService(
  { invocation, operands, options }: Call<ComposeExecOptions>,
  project: ComposeProjectOptions,
): Promise<number> {
  const { io, interrupts } = invocation
  const [service = '', ...command] = operands
  const { index, ...rest } = options
  const number = index === undefined ? undefined : parseNumber(index, { option: '--index', integer: true })
  const tty = options.tty && io.stdin.isTTY === true && io.stdout.isTTY === true
  const name = await findProjectName(project, io)
  const request = { invocation, command, options: { ...rest, tty, interactive: true } }
  return await runExec(request, async (opened) => {
    const compose = await opened.require(composeManagerCapability)
    const all = await compose.listServices(name, { signal: interrupts.signal })
    const containers = all.find((each) => each.service === service)?.containers ?? []
    const found = containers.find((each) => (number === undefined ? !hasNoProcess(each.state) : each.number === number))
    // A container that does not run is reported by the runtime.
    const container = found ?? (number === undefined ? containers[0] : undefined)
    if (container !== undefined) return container.id
    if (number === undefined || containers.length === 0) throw createMissingError(service, all, name)
    throw new CliError(`service "${service}" of project "${name}" has no container ${number}`)
  })
}

interface ConfigOptions {
  readonly services?: boolean
  readonly images?: boolean
  readonly networks?: boolean
  readonly volumes?: boolean
  readonly quiet?: boolean
  readonly json?: boolean
}

async function showConfig(
  { invocation, options }: Call<ConfigOptions>,
  project: ComposeProjectOptions,
): Promise<number> {
  const { io, interrupts } = invocation
  const source = await findComposeSource(project, io)
  await using opened = await openRuntime(invocation, { requires: [composeManagerCapability] })
  const compose = await opened.require(composeManagerCapability)
  const read = await compose.readProject(source, interrupts)
  const text = options.json
    ? toJson({ runtime: opened.scope.runtimeName, project: read })
    : toConfigText(read, { options, width: findColumns(io.stdout) })
  if (!options.quiet) await writeOutput(io.stdout, text, interrupts)
  return 0
}

function toConfigText(
  { name, services, networks, volumes }: ComposeProject,
  { options, width }: { readonly options: ConfigOptions; readonly width: number | undefined },
): string {
  const toLines = (texts: readonly string[]) => [...new Set(texts)].map((text) => `${text}\n`).join('')
  if (options.services) return toLines(services.map((service) => service.name))
  if (options.images) return toLines(services.flatMap(({ image }) => image ?? []))
  if (options.networks) return toLines(networks.map(({ key }) => key))
  if (options.volumes) return toLines(volumes.map(({ key }) => key))
  const rows = services.map((service) => [
    service.name,
    `${service.image ?? ''}${service.builds ? ' (build)' : ''}`.trim(),
    String(service.replicas),
    service.dependsOn.map((each) => `${each.service} (${each.condition})`).join(', '),
  ])
  const resources = [
    ...networks.map((network) => ['network', network] as const),
    ...volumes.map((volume) => ['volume', volume] as const),
  ].map(([kind, { key, name: own, external }]) => [kind, key, `${own}${external ? ' (external)' : ''}`])
  return [
    `Project ${name}\n`,
    renderTable({ head: ['SERVICE', 'IMAGE', 'CONTAINERS', 'DEPENDS ON'], rows }, { width }),
    ...(resources.length === 0 ? [] : [renderTable({ head: ['KIND', 'KEY', 'NAME'], rows: resources }, { width })]),
  ].join('\n')
}
