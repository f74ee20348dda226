import { isHostError, type NetworkInfo, type NetworkInspection, networkManagerCapability } from '@capstan/core'
import { createHostError, defaultNetworkId, ownershipLabelKeys } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { CliError } from '../errors/cli-error.js'
import { pickContainer } from '../host/find-container.js'
import { openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { parseKeyValues } from '../options/key-values.js'
import { parseObjectFilters } from '../options/object-filters.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { parseSubnets } from '../options/subnets.js'
import {
  type NetworkField,
  networkTitles,
  toNetworkFields,
  toNetworkRow,
  toNetworkText,
} from '../render/network-row.js'
import { parseRowFormat, toFormatNotes } from '../render/row-format.js'
import { renderTable } from '../render/table.js'
import { parseTemplate } from '../render/template.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { findColumns } from '../terminal/terminal-size.js'
import type { Call, SetAction } from './command.js'
import { type RemoveOptions, removeEach } from './remove-each.js'

/** Defines `capstan network` and its subcommands. */
export function define(group: Command, setAction: SetAction): void {
  group
    .helpCommand('help [command]', 'Show the help of a command')
    .description(
      'Manages networks, on which containers reach each other by name. `default` is the default network of every runtime.',
    )
    .addHelpText('after', toExamples(examples))
  const add = (name: string, summary: string) => group.command(name).summary(summary).description(`${summary}.`)
  defineList(add('ls', 'List networks'), setAction)
  defineCreate(add('create', 'Create a network and print its ID'), setAction)
  const remove = add('rm', 'Remove one or more networks')
    .argument('<network...>', reference)
    .option('-f, --force', 'An absent network is not an error')
    .option('--json', 'Print one JSON document')
  setAction<RemoveOptions>(remove, removeNetworks)
  defineConnections(add, setAction)
  const inspect = add('inspect', 'Show subnets, containers and labels of networks')
    .argument('<network...>', reference)
    .option('-f, --format <template>', "Print each network by a template such as '{{json .IPAM.Config}}', or json")
    .option('--json', 'Print one JSON document')
  setAction<InspectOptions>(inspect, inspectNetworks)
}

const examples = {
  'capstan network create --subnet 10.20.0.0/24 inside': 'Create a network with a chosen subnet',
  'capstan network connect --alias db inside web': 'Connect container "web" to it, also as "db"',
}
const reference = 'ID, prefix of an ID, or name'

function defineList(command: Command, setAction: SetAction): void {
  command
    .option(
      '-f, --filter <filter>',
      'Show only networks with, for example, name=TEXT or label=KEY (repeatable)',
      collect,
    )
    .option('-q, --quiet', 'Print network IDs only')
    .option('--no-trunc', 'Print full IDs')
    .option('--format <format>', "Print rows by a template such as '{{.Name}}', 'table TEMPLATE' or json")
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toFormatNotes(networkTitles))
  setAction<ListOptions>(command, listNetworks)
}

interface ListOptions {
  readonly filter?: readonly string[]
  readonly quiet?: boolean
  readonly trunc: boolean
  readonly format?: string
  readonly json?: boolean
}

async function listNetworks({ invocation, options }: Call<ListOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const isSelected = parseObjectFilters(options.filter ?? [], ['name', 'id', 'label'])
  const format = options.json || options.quiet ? undefined : parseRowFormat(options.format, networkTitles)
  await using opened = await openRuntime(invocation)
  const networks = await opened.require(networkManagerCapability)
  const all = await networks.listNetworks({ signal: interrupts.signal })
  const listed = all.filter(isSelected).toSorted((one, other) => (one.name < other.name ? -1 : 1))
  const rows = listed.map((network) => toNetworkRow(network, { truncate: options.trunc }))
  const toTable = () => {
    const head = columns.map((field) => String(networkTitles[field]))
    const cells = rows.map((row) => columns.map((field) => toCell(row[field])))
    return renderTable({ head, rows: cells }, { width: findColumns(io.stdout) })
  }
  const toText = () =>
    options.quiet ? rows.map(({ ID }) => `${ID}\n`).join('') : (format?.renderRows(rows) ?? toTable())
  const text = options.json ? toJson({ runtime: opened.scope.runtimeName, networks: listed }) : toText()
  await writeOutput(io.stdout, text, interrupts)
  return 0
}

const columns: readonly NetworkField[] = ['ID', 'Name', 'Internal', 'Subnets']

function toCell(value: unknown): string {
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)
}

function defineCreate(command: Command, setAction: SetAction): void {
  command
    .argument('<name>', 'Name of the network')
    .option(
      '--subnet <cidr>',
      'Choose a subnet, such as 10.20.0.0/24; one of each address family (repeatable)',
      collect,
    )
    .option('--gateway <address>', 'Choose the gateway in a subnet (repeatable)', collect)
    .option('--ipv6', 'Add an IPv6 subnet: a random one, unless --subnet has one')
    .option('--internal', 'Create a network without a route to other machines')
    .option('--label <key=value>', 'Set a label (repeatable)', collect)
    .option('--json', 'Print one JSON document')
  setAction<CreateOptions>(command, createNetwork)
}

interface CreateOptions {
  readonly subnet?: readonly string[]
  readonly gateway?: readonly string[]
  readonly ipv6?: boolean
  readonly internal?: boolean
  readonly label?: readonly string[]
  readonly json?: boolean
}

async function createNetwork({ invocation, operands, options }: Call<CreateOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const [name = ''] = operands
  const { subnet = [], gateway = [], ipv6, internal, label = [] } = options
  const subnets = parseSubnets(subnet, gateway)
  // No sweep removes what a user creates.
  const labels = { [ownershipLabelKeys.lifetime]: 'persistent', ...parseKeyValues(label, { option: '--label' }) }
  await using opened = await openRuntime(invocation)
  const networks = await opened.require(networkManagerCapability)
  const id = await networks.createNetwork(name, { labels, subnets, signal, ...omitUndefined({ ipv6, internal }) })
  const text = options.json ? toJson({ runtime: opened.scope.runtimeName, id, name }) : `${id}\n`
  await writeOutput(io.stdout, text, { signal })
  return 0
}

async function removeNetworks({ invocation, operands, options }: Call<RemoveOptions>): Promise<number> {
  const { signal } = invocation.interrupts
  await using opened = await openRuntime(invocation)
  const networks = await opened.require(networkManagerCapability)
  const all = await networks.listNetworks({ signal })
  const { runtimeName } = opened.scope
  return await removeEach({ invocation, operands, options, runtimeName }, async (operand) => {
    try {
      await networks.removeNetwork(pickNetwork(all, operand), { signal })
    } catch (error) {
      if (!options.force || !isHostError(error, 'NETWORK_NOT_FOUND')) throw error
    }
  })
}

function defineConnections(add: (name: string, summary: string) => Command, setAction: SetAction): void {
  const connect = add('connect', 'Connect a container to a network')
    .argument('<network>', reference)
    .argument('<container>', reference)
    .option('--ip <address>', 'Set the IPv4 or IPv6 address, in a chosen subnet of the network')
    .option('--alias <name>', 'Add a name for the container on the network (repeatable)', collect)
  setAction<ConnectOptions>(connect, connectContainer)
  const disconnect = add('disconnect', 'Disconnect a container from a network')
    .argument('<network>', reference)
    .argument('<container>', reference)
    .option('-f, --force', 'Disconnect also a container that the runtime does not know any more')
  setAction<DisconnectOptions>(disconnect, disconnectContainer)
}

interface ConnectOptions {
  readonly ip?: string
  readonly alias?: readonly string[]
}

async function connectContainer({ invocation, operands, options }: Call<ConnectOptions>): Promise<number> {
  const [network = '', container = ''] = operands
  const { signal } = invocation.interrupts
  await using opened = await openRuntime(invocation)
  const networks = await opened.require(networkManagerCapability)
  const networkId = pickNetwork(await networks.listNetworks({ signal }), network)
  const { id } = pickContainer(await opened.scope.runtime.listContainers({ signal }), container)
  const settings = omitUndefined({ aliases: options.alias, ipAddress: options.ip })
  await networks.connectContainer(networkId, id, { signal, ...settings })
  return 0
}

interface DisconnectOptions {
  readonly force?: boolean
}

async function disconnectContainer({ invocation, operands, options }: Call<DisconnectOptions>): Promise<number> {
  const [network = '', container = ''] = operands
  const { force = false } = options
  const { signal } = invocation.interrupts
  await using opened = await openRuntime(invocation)
  const networks = await opened.require(networkManagerCapability)
  const networkId = pickNetwork(await networks.listNetworks({ signal }), network)
  const containers = await opened.scope.runtime.listContainers({ signal })
  const isUnknown = force && !containers.some(({ id, name }) => name === container || id.startsWith(container))
  const id = isUnknown ? container : pickContainer(containers, container).id
  await networks.disconnectContainer(networkId, id, { force, signal })
  return 0
}

interface InspectOptions {
  readonly format?: string
  readonly json?: boolean
}

async function inspectNetworks({ invocation, operands, options }: Call<InspectOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const { format } = options
  const template = format === undefined || format === 'json' ? undefined : parseTemplate(format, '--format')
  await using opened = await openRuntime(invocation)
  const manager = await opened.require(networkManagerCapability)
  const all = await manager.listNetworks({ signal })
  const networks: NetworkInspection[] = []
  for (const operand of operands) networks.push(await manager.inspectNetwork(pickNetwork(all, operand), { signal }))
  const toFormatted = (network: NetworkInspection) =>
    template === undefined ? JSON.stringify(toNetworkFields(network)) : template.render(toNetworkFields(network))
  const text = options.json
    ? toJson({ runtime: opened.scope.runtimeName, networks })
    : format === undefined
      ? networks.map(toNetworkText).join('\n')
      : networks.map((network) => `${toFormatted(network)}\n`).join('')
  await writeOutput(io.stdout, text, interrupts)
  return 0
}

/**
 * Returns the ID of the network with this ID, name, or unambiguous prefix of an ID. `default` is the default network.
 *
 * @throws HostError NETWORK_NOT_FOUND; CliError if several IDs have the prefix.
 */
function pickNetwork(all: readonly NetworkInfo[], reference: string): string {
  if (reference === defaultNetworkId) return reference
  const exact = all.find(({ id, name }) => id === reference || name === reference)
  if (exact !== undefined) return exact.id
  const [first, ...others] = all.filter(({ id }) => reference !== '' && id.startsWith(reference))
  if (first === undefined) throw createHostError('NETWORK_NOT_FOUND', { id: reference })
  if (others.length === 0) return first.id
  const names = [first, ...others].map(({ id, name }) => `${id.slice(0, 12)} (${name})`).join(', ')
  throw new CliError(`several networks have an ID that begins with "${reference}": ${names}; use a longer prefix`)
}
