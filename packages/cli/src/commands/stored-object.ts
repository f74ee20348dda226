import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type OperationOptions, type StoredObjectInfo, type SwarmManager, swarmManagerCapability } from '@capstan/core'
import {
  type ListOptions as ContractListOptions,
  createHostError,
  ownershipLabelKeys,
  untilAborted,
} from '@capstan/core/plugin'
import { CliError, toFileError } from '../errors/cli-error.js'
import { pickByReference } from '../host/find-service.js'
import { openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { parseKeyValues } from '../options/key-values.js'
import { parseObjectFilters } from '../options/object-filters.js'
import { storedObjectTitles, toStoredObjectRow } from '../render/service-rows.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Io } from '../terminal/io.js'
import type { Call, CommandModule } from './command.js'
import { addListOptions, createListPrinter, type ListPrinterOptions } from './list-printer.js'
import { type RemoveOptions, removeEach } from './remove-each.js'

/** Defines `capstan secret`. */
export const secretModule: CommandModule = createModule({
  kind: 'secret',
  description: 'Manages the secrets of a cluster, which only the tasks of its services read.',
  create: (swarm, name, value, options) => swarm.createSecret(name, value, options),
  remove: (swarm, id, options) => swarm.removeSecret(id, options),
  list: (swarm, options) => swarm.listSecrets(options),
  createMissing: (id) => createHostError('SECRET_NOT_FOUND', { id }),
})

/** Defines `capstan config`. */
export const configModule: CommandModule = createModule({
  kind: 'config',
  description: 'Manages the configs of a cluster: files for the tasks of its services.',
  create: (swarm, name, value, options) => swarm.createConfig(name, value, options),
  remove: (swarm, id, options) => swarm.removeConfig(id, options),
  list: (swarm, options) => swarm.listConfigs(options),
  createMissing: (id) => createHostError('CONFIG_NOT_FOUND', { id }),
})

/** What the commands of secrets and of configs differ in. */
interface ObjectKind {
  readonly kind: 'secret' | 'config'
  readonly description: string
  create(
    swarm: SwarmManager,
    name: string,
    value: Uint8Array,
    options: OperationOptions & { readonly labels: Readonly<Record<string, string>> },
  ): Promise<string>
  remove(swarm: SwarmManager, id: string, options: OperationOptions): Promise<void>
  list(swarm: SwarmManager, options: ContractListOptions): Promise<readonly StoredObjectInfo[]>
  createMissing(id: string): Error
}

function createModule(object: ObjectKind): CommandModule {
  const { kind, description } = object
  return {
    define: (group, setAction) => {
      group
        .helpCommand('help [command]', 'Show the help of a command')
        .description(`${description} Needs a runtime whose engine is a manager of a cluster.`)
        .addHelpText('after', toExamples({ [`capstan ${kind} create name ./file`]: `Store a file as ${kind} "name"` }))
      const add = (name: string, summary: string) => group.command(name).summary(summary).description(`${summary}.`)
      const list = add('ls', `List ${kind}s`).option(
        '-f, --filter <filter>',
        `Show only ${kind}s with, for example, name=TEXT or label=KEY (repeatable)`,
        collect,
      )
      setAction<ListOptions>(addListOptions(list, storedObjectTitles), (call: Call<ListOptions>) =>
        listObjects(object, call),
      )
      const create = add('create', `Store a ${kind} and print its ID`)
        .argument('<name>', `Name of the ${kind}`)
        .argument('<file>', 'File with the value, or - for stdin')
        .option('-l, --label <key=value>', 'Set a label (repeatable)', collect)
        .option('--json', 'Print one JSON document')
      setAction<CreateOptions>(create, (call: Call<CreateOptions>) => createObject(object, call))
      const remove = add('rm', `Remove one or more ${kind}s`)
        .argument(`<${kind}...>`, 'ID, prefix of an ID, or name')
        .option('--json', 'Print one JSON document')
      setAction<RemoveOptions>(remove, (call: Call<RemoveOptions>) => removeObjects(object, call))
    },
  }
}

interface ListOptions extends ListPrinterOptions {
  readonly filter?: readonly string[]
}

async function listObjects(object: ObjectKind, { invocation, options }: Call<ListOptions>): Promise<number> {
  const isSelected = parseObjectFilters(options.filter ?? [], ['name', 'id', 'label'])
  const print = createListPrinter(options, { titles: storedObjectTitles, columns: ['ID', 'Name', 'CreatedAt'] })
  await using opened = await openRuntime(invocation)
  const swarm = await opened.require(swarmManagerCapability)
  const all = await object.list(swarm, { signal: invocation.interrupts.signal })
  const listed = all.filter(isSelected).toSorted((one, other) => (one.name < other.name ? -1 : 1))
  const now = new Date()
  const rows = listed.map((each) => toStoredObjectRow(each, now))
  const document = { runtime: opened.scope.runtimeName, [`${object.kind}s`]: listed }
  await print(invocation, { rows, ids: listed.map(({ id }) => id), document })
  return 0
}

interface CreateOptions {
  readonly label?: readonly string[]
  readonly json?: boolean
}

async function createObject(
  object: ObjectKind,
  { invocation, operands, options }: Call<CreateOptions>,
): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const [name = '', file = ''] = operands
  const { label = [] } = options
  // No sweep removes what a user creates.
  const labels = { [ownershipLabelKeys.lifetime]: 'persistent', ...parseKeyValues(label, { option: '--label' }) }
  const value = await untilAborted(readValue(file, io), signal)
  if (value.length === 0) throw new CliError(`the value is empty: ${file === '-' ? 'stdin' : file} has no content`)
  await using opened = await openRuntime(invocation)
  const swarm = await opened.require(swarmManagerCapability)
  const id = await object.create(swarm, name, value, { labels, signal })
  const text = options.json ? toJson({ runtime: opened.scope.runtimeName, id, name }) : `${id}\n`
  await writeOutput(io.stdout, text, { signal })
  return 0
}

async function readValue(file: string, { stdin, cwd }: Io): Promise<Uint8Array> {
  if (file === '-') return await buffer(stdin)
  return await readFile(resolve(cwd, file)).catch((cause: unknown) => {
    throw toFileError(`the file ${file} cannot be read`, cause)
  })
}

async function removeObjects(
  object: ObjectKind,
  { invocation, operands, options }: Call<RemoveOptions>,
): Promise<number> {
  const { signal } = invocation.interrupts
  await using opened = await openRuntime(invocation)
  const swarm = await opened.require(swarmManagerCapability)
  const all = await object.list(swarm, { signal })
  const { runtimeName } = opened.scope
  return await removeEach({ invocation, operands, options, runtimeName }, async (operand) => {
    const found = pickByReference(all, operand, `${object.kind}s`)
    if (found === undefined) throw object.createMissing(operand)
    await object.remove(swarm, found.id, { signal })
  })
}
