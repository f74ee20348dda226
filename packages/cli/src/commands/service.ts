import { randomBytes } from 'node:crypto'
import { type ConvergeOptions, type ServiceInspection, swarmManagerCapability } from '@capstan/core'
import { validateServiceConfig } from '@capstan/core/plugin'
import { type Command, Option } from 'commander'
import { findService } from '../host/find-service.js'
import type { Invocation } from '../host/invocation.js'
import { openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { parseDuration } from '../options/numbers.js'
import { parseObjectFilters } from '../options/object-filters.js'
import {
  parseScale,
  type ServiceCreateOptions,
  type ServiceUpdateOptions,
  toServiceChange,
  toServiceConfig,
} from '../options/service-config.js'
import { createServiceDisplay } from '../render/service-display.js'
import { serviceTitles, toServiceFields, toServiceRow, toServiceText } from '../render/service-rows.js'
import { parseTemplate } from '../render/template.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'
import { addListOptions, createListPrinter, type ListPrinterOptions } from './list-printer.js'
import { type RemoveOptions, removeEach } from './remove-each.js'
import { defineServiceLogs } from './service-logs.js'
import { defineServiceTasks } from './service-ps.js'

/** Defines `capstan service` and its subcommands. */
export function define(group: Command, setAction: SetAction): void {
  group
    .helpCommand('help [command]', 'Show the help of a command')
    .description(
      'Manages the services of a cluster: tasks that it keeps running on its nodes. Needs a runtime whose engine is a manager of a cluster, such as a Docker Swarm.',
    )
    .addHelpText('after', toExamples(examples))
  const add = (name: string, summary: string) => group.command(name).summary(summary).description(`${summary}.`)
  defineList(add('ls', 'List services'), setAction)
  defineCreate(
    group
      .command('create')
      .summary('Create a service and print its ID')
      .description(
        'Creates a service, waits until its tasks run and keep running, and prints its ID. A service whose tasks do not run is removed again.',
      ),
    setAction,
  )
  defineUpdate(
    group
      .command('update')
      .summary('Change a service')
      .description(
        'Changes a service and waits until its tasks run. The cluster replaces tasks whose settings change, and restores the previous settings when a new task fails, unless --update-failure-action says otherwise.',
      ),
    setAction,
  )
  const scale = addConvergeOptions(
    add('scale', 'Change the number of tasks of services').argument('<service=replicas...>', 'Such as web=3'),
  )
  setAction<ConvergeCommandOptions>(scale, scaleServices)
  defineServiceLogs(add('logs', 'Show the logs of the tasks of a service on all nodes'), setAction)
  defineServiceTasks(add('ps', 'List the tasks of services'), setAction)
  const remove = add('rm', 'Remove one or more services, and wait until their tasks are gone')
    .argument('<service...>', reference)
    .option('--json', 'Print one JSON document')
  setAction<RemoveOptions>(remove, removeServices)
  const inspect = add('inspect', 'Show settings, tasks and updates of services')
    .argument('<service...>', reference)
    .option('-f, --format <template>', "Print each service by a template such as '{{.Spec.Name}}', or json")
    .option('--json', 'Print one JSON document')
  setAction<InspectOptions>(inspect, inspectServices)
}

const examples = {
  'capstan service create --name web --replicas 3 nginx': 'Run three tasks on the nodes of the cluster',
  'capstan service update --image nginx:1.29 web': 'Replace them one after the other',
  'capstan service logs -f web': 'Follow the output of all its tasks',
}
const reference = 'ID, prefix of an ID, or name'

function defineList(command: Command, setAction: SetAction): void {
  command
    .option(
      '-f, --filter <filter>',
      'Show only services with, for example, name=TEXT or label=KEY (repeatable)',
      collect,
    )
    .option('--no-trunc', 'Print full IDs')
  setAction<ListOptions>(addListOptions(command, serviceTitles), listServices)
}

interface ListOptions extends ListPrinterOptions {
  readonly filter?: readonly string[]
  readonly trunc: boolean
}

async function listServices({ invocation, options }: Call<ListOptions>): Promise<number> {
  const isSelected = parseObjectFilters(options.filter ?? [], ['name', 'id', 'label'])
  const print = createListPrinter(options, {
    titles: serviceTitles,
    columns: ['ID', 'Name', 'Mode', 'Replicas', 'Image', 'Ports'],
  })
  await using opened = await openRuntime(invocation)
  const swarm = await opened.require(swarmManagerCapability)
  const all = await swarm.listServices({ signal: invocation.interrupts.signal })
  const services = all.filter(isSelected).toSorted((one, other) => (one.name < other.name ? -1 : 1))
  const rows = services.map((service) => toServiceRow(service, { truncate: options.trunc }))
  const ids = rows.map(({ ID }) => String(ID))
  await print(invocation, { rows, ids, document: { runtime: opened.scope.runtimeName, services } })
  return 0
}

function defineCreate(command: Command, setAction: SetAction): void {
  command
    .argument('<image>', 'Reference of the image; each node pulls it if it is missing there')
    .argument('[command...]', 'Command and arguments (default: those of the image)')
    .passThroughOptions()
    .optionsGroup('Service:')
    .option('--name <name>', 'Assign a name to the service (default: a random one)')
    .option('--replicas <number>', 'Set the number of tasks (default: 1)')
    .addOption(
      new Option('--mode <mode>', 'Run a number of tasks, or one on each node').choices(['replicated', 'global']),
    )
    .option('-l, --label <key=value>', 'Set a label of the service and its containers (repeatable)', collect)
    .option('--constraint <condition>', 'Choose nodes, such as node.labels.disk==ssd (repeatable)', collect)
    .optionsGroup('Tasks:')
    .option(
      '-e, --env <key[=value]>',
      'Set a variable; KEY alone copies it from this environment (repeatable)',
      collect,
    )
    .option('--env-file <file>', 'Read environment variables from a file of KEY=VALUE lines (repeatable)', collect)
    .option('--mount <mount>', 'Mount type=bind|volume|tmpfs,source=SOURCE,target=PATH (repeatable)', collect)
    .option('--secret <secret>', 'Add a secret: NAME, or source=NAME,target=PATH (repeatable)', collect)
    .option('--config <config>', 'Add a config: NAME, or source=NAME,target=PATH (repeatable)', collect)
    .option('--network <network>', 'Join a network of the cluster: its name or ID (repeatable)', collect)
    .option(
      '-p, --publish <port>',
      'Publish [PUBLISHED:]TARGET on all nodes, or target=PORT,published=PORT,mode=host on those of its tasks (repeatable)',
      collect,
    )
  addSettingOptions(command)
  setAction<ServiceCreateOptions & ConvergeCommandOptions>(addConvergeOptions(command), createService)
}

/** Adds the options that `create` and `update` share. */
function addSettingOptions(command: Command): void {
  command
    .option('-w, --workdir <path>', 'Set the working directory in the containers')
    .option('-u, --user <user[:group]>', 'Run as this user and group')
    .option('--entrypoint <command>', "Replace the entrypoint of the image; '' for none")
    .option('--limit-memory <size>', 'Limit the memory of each task, such as 512m')
    .option('--limit-cpu <number>', 'Limit the number of CPUs of each task, such as 1.5')
    .addOption(
      new Option('--endpoint-mode <mode>', 'Resolve the name of the service to one address or to all tasks').choices([
        'vip',
        'dnsrr',
      ]),
    )
    .optionsGroup('Updates:')
    .option('--update-parallelism <number>', 'Replace this number of tasks at a time; 0 for all (default: 1)')
    .option('--update-delay <duration>', 'Wait between two replacements, such as 10s')
    .option('--update-monitor <duration>', 'Count a task as started after this time (default: 5s)')
    .addOption(
      new Option('--update-failure-action <action>', 'What to do when a new task fails').choices([
        'rollback',
        'pause',
        'continue',
      ]),
    )
}

/** The options of a command that waits until a service has converged. */
interface ConvergeCommandOptions {
  readonly timeout?: string
  readonly quiet?: boolean
  readonly json?: boolean
}

function addConvergeOptions(command: Command): Command {
  return command
    .optionsGroup('Output:')
    .option('--timeout <duration>', 'Give up when the tasks do not run after this time (default: 5m)')
    .option('-q, --quiet', 'Show no progress')
    .option('--json', 'Print one JSON document')
}

function toConvergeOptions({ timeout = '5m' }: ConvergeCommandOptions, { interrupts }: Invocation): ConvergeOptions {
  return { timeoutMs: parseDuration(timeout, '--timeout'), signal: interrupts.signal }
}

async function createService(call: Call<ServiceCreateOptions & ConvergeCommandOptions>): Promise<number> {
  const { invocation, operands, options } = call
  const [image = '', ...command] = operands
  const { name = `capstan-${randomBytes(4).toString('hex')}` } = options
  const config = await toServiceConfig({ image, command, name, options }, invocation.io)
  const converge = toConvergeOptions(options, invocation)
  validateServiceConfig(config, converge)
  await using opened = await openRuntime(invocation)
  const swarm = await opened.require(swarmManagerCapability)
  using display = createServiceDisplay(invocation.io.stderr, name, options)
  const id = await swarm.createService(config, { ...converge, onProgress: display.onProgress })
  const text = options.json ? toJson({ runtime: opened.scope.runtimeName, id, name }) : `${id}\n`
  await writeOutput(invocation.io.stdout, text, invocation.interrupts)
  return 0
}

function defineUpdate(command: Command, setAction: SetAction): void {
  command
    .argument('<service>', reference)
    .optionsGroup('Service:')
    .option('--replicas <number>', 'Set the number of tasks')
    .option('--label-add <key=value>', 'Add or replace a label (repeatable)', collect)
    .option('--label-rm <key>', 'Remove a label (repeatable)', collect)
    .option('--constraint-add <condition>', 'Add a condition for nodes (repeatable)', collect)
    .option('--constraint-rm <condition>', 'Remove a condition for nodes (repeatable)', collect)
    .optionsGroup('Tasks:')
    .option('--image <image>', 'Use another image')
    .option('--args <command>', 'Replace the command, as one text with quotes')
    .option('--secret-add <secret>', 'Add a secret: NAME, or source=NAME,target=PATH (repeatable)', collect)
    .option('--secret-rm <secret>', 'Remove a secret by its name (repeatable)', collect)
    .option('--config-add <config>', 'Add a config: NAME, or source=NAME,target=PATH (repeatable)', collect)
    .option('--config-rm <config>', 'Remove a config by its name (repeatable)', collect)
    .option('--network-add <network>', 'Join a network: its name or ID (repeatable)', collect)
    .option('--network-rm <network>', 'Leave a network: its ID (repeatable)', collect)
    .option('--publish-add <port>', 'Publish a port, as --publish of create does (repeatable)', collect)
    .option('--publish-rm <port>', 'Remove a port by its number in the container (repeatable)', collect)
  addSettingOptions(command)
  setAction<ServiceUpdateOptions & ConvergeCommandOptions>(addConvergeOptions(command), updateService)
}

async function updateService(call: Call<ServiceUpdateOptions & ConvergeCommandOptions>): Promise<number> {
  const { invocation, operands, options } = call
  const { signal } = invocation.interrupts
  const converge = toConvergeOptions(options, invocation)
  await using opened = await openRuntime(invocation)
  const swarm = await opened.require(swarmManagerCapability)
  const { id, name } = await findService(swarm, operands[0] ?? '', { signal })
  const change = toServiceChange(options, await swarm.inspectService(id, { signal }))
  using display = createServiceDisplay(invocation.io.stderr, name, options)
  await swarm.updateService(id, change, { ...converge, onProgress: display.onProgress })
  const text = options.json ? toJson({ runtime: opened.scope.runtimeName, id, name }) : `${name}\n`
  await writeOutput(invocation.io.stdout, text, { signal })
  return 0
}

/** Scales all services in parallel. A failure does not stop the others. */
async function scaleServices({ invocation, operands, options }: Call<ConvergeCommandOptions>): Promise<number> {
  const wanted = new Map(operands.map((operand) => [operand, parseScale(operand)]))
  const converge = toConvergeOptions(options, invocation)
  const { signal } = invocation.interrupts
  await using opened = await openRuntime(invocation)
  const swarm = await opened.require(swarmManagerCapability)
  const { runtimeName } = opened.scope
  return await removeEach({ invocation, operands, options, runtimeName }, async (operand) => {
    const { service, replicas } = wanted.get(operand) ?? parseScale(operand)
    const { id, name } = await findService(swarm, service, { signal })
    // Several lines cannot be rewritten at once.
    const quiet = options.quiet === true || (operands.length > 1 && invocation.io.stderr.isTTY === true)
    using display = createServiceDisplay(invocation.io.stderr, name, { quiet })
    await swarm.updateService(id, { replicas }, { ...converge, onProgress: display.onProgress })
  })
}

async function removeServices({ invocation, operands, options }: Call<RemoveOptions>): Promise<number> {
  const { signal } = invocation.interrupts
  await using opened = await openRuntime(invocation)
  const swarm = await opened.require(swarmManagerCapability)
  const { runtimeName } = opened.scope
  return await removeEach({ invocation, operands, options, runtimeName }, async (operand) => {
    const { id } = await findService(swarm, operand, { signal })
    await swarm.removeService(id, { signal })
  })
}

interface InspectOptions {
  readonly format?: string
  readonly json?: boolean
}

async function inspectServices({ invocation, operands, options }: Call<InspectOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const { format } = options
  const template = format === undefined || format === 'json' ? undefined : parseTemplate(format, '--format')
  await using opened = await openRuntime(invocation)
  const swarm = await opened.require(swarmManagerCapability)
  const services: ServiceInspection[] = []
  for (const operand of operands) {
    const { id } = await findService(swarm, operand, { signal })
    services.push(await swarm.inspectService(id, { signal }))
  }
  const toFormatted = (service: ServiceInspection) =>
    template === undefined ? JSON.stringify(toServiceFields(service)) : template.render(toServiceFields(service))
  const text = options.json
    ? toJson({ runtime: opened.scope.runtimeName, services })
    : format === undefined
      ? services.map(toServiceText).join('\n')
      : services.map((service) => `${toFormatted(service)}\n`).join('')
  await writeOutput(io.stdout, text, interrupts)
  return 0
}
