import { randomBytes } from 'node:crypto'
import { isHostError, type VolumeInfo, volumeManagerCapability } from '@capstan/core'
import { createHostError, ownershipLabelKeys } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { parseKeyValues } from '../options/key-values.js'
import { parseObjectFilters } from '../options/object-filters.js'
import { parseRowFormat, toFormatNotes } from '../render/row-format.js'
import { renderTable } from '../render/table.js'
import { parseTemplate } from '../render/template.js'
import { toVolumeFields, toVolumeRow, toVolumeText, type VolumeField, volumeTitles } from '../render/volume-row.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { findColumns } from '../terminal/terminal-size.js'
import type { Call, SetAction } from './command.js'
import { type RemoveOptions, removeEach } from './remove-each.js'

/** Defines `capstan volume` and its subcommands. */
export function define(group: Command, setAction: SetAction): void {
  group
    .helpCommand('help [command]', 'Show the help of a command')
    .description('Manages volumes, which keep files when containers are removed.')
    .addHelpText('after', toExamples({ 'capstan volume create data': 'Create a volume' }))
  const add = (name: string, summary: string) => group.command(name).summary(summary).description(`${summary}.`)
  const list = add('ls', 'List volumes')
    .option(
      '-f, --filter <filter>',
      'Show only volumes with, for example, name=TEXT or label=KEY (repeatable)',
      collect,
    )
    .option('-q, --quiet', 'Print names only')
    .option('--format <format>', "Print rows by a template such as '{{.Name}}', 'table TEMPLATE' or json")
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toFormatNotes(volumeTitles))
  setAction<ListOptions>(list, listVolumes)
  const create = add('create', 'Create a volume and print its name')
    .argument('[name]', 'Name of the volume (default: a random one)')
    .option('--label <key=value>', 'Set a label (repeatable)', collect)
    .option('--json', 'Print one JSON document')
    .addHelpText('after', '\nPrints the name of an existing volume, too, unless --label is given.')
  setAction<CreateOptions>(create, createVolume)
  const remove = add('rm', 'Remove one or more volumes')
    .argument('<volume...>', 'Name')
    .option('-f, --force', 'An absent volume is not an error')
    .option('--json', 'Print one JSON document')
  setAction<RemoveOptions>(remove, removeVolumes)
  const inspect = add('inspect', 'Show directory, creation time and labels of volumes')
    .argument('<volume...>', 'Name')
    .option('-f, --format <template>', "Print each volume by a template such as '{{.Mountpoint}}', or json")
    .option('--json', 'Print one JSON document')
  setAction<InspectOptions>(inspect, inspectVolumes)
}

interface ListOptions {
  readonly filter?: readonly string[]
  readonly quiet?: boolean
  readonly format?: string
  readonly json?: boolean
}

async function listVolumes({ invocation, options }: Call<ListOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const isSelected = parseObjectFilters(options.filter ?? [], ['name', 'label'])
  const format = options.json || options.quiet ? undefined : parseRowFormat(options.format, volumeTitles)
  await using opened = await openRuntime(invocation)
  const volumes = await opened.require(volumeManagerCapability)
  const all = await volumes.listVolumes({ signal: interrupts.signal })
  const listed = all.filter(isSelected).toSorted((one, other) => (one.name < other.name ? -1 : 1))
  const now = new Date()
  const rows = listed.map((volume) => toVolumeRow(volume, now))
  const toTable = () => {
    const head = columns.map((field) => String(volumeTitles[field]))
    const cells = rows.map((row) => columns.map((field) => String(row[field])))
    return renderTable({ head, rows: cells }, { width: findColumns(io.stdout) })
  }
  const toText = () =>
    options.quiet ? listed.map(({ name }) => `${name}\n`).join('') : (format?.renderRows(rows) ?? toTable())
  const text = options.json ? toJson({ runtime: opened.scope.runtimeName, volumes: listed }) : toText()
  await writeOutput(io.stdout, text, interrupts)
  return 0
}

const columns: readonly VolumeField[] = ['Name', 'CreatedSince']

interface CreateOptions {
  readonly label?: readonly string[]
  readonly json?: boolean
}

async function createVolume({ invocation, operands, options }: Call<CreateOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const [name = randomBytes(32).toString('hex')] = operands
  const { label = [] } = options
  // No sweep removes what a user creates.
  const labels = { [ownershipLabelKeys.lifetime]: 'persistent', ...parseKeyValues(label, { option: '--label' }) }
  await using opened = await openRuntime(invocation)
  const volumes = await opened.require(volumeManagerCapability)
  await volumes.createVolume(name, { labels, signal }).catch((error: unknown) => {
    // As in docker, an existing volume is kept and is not an error. Its labels cannot be changed.
    if (!isHostError(error, 'NAME_CONFLICT') || label.length > 0) throw error
  })
  const text = options.json ? toJson({ runtime: opened.scope.runtimeName, name }) : `${name}\n`
  await writeOutput(io.stdout, text, { signal })
  return 0
}

async function removeVolumes({ invocation, operands, options }: Call<RemoveOptions>): Promise<number> {
  const { signal } = invocation.interrupts
  await using opened = await openRuntime(invocation)
  const volumes = await opened.require(volumeManagerCapability)
  const all = await volumes.listVolumes({ signal })
  const { runtimeName } = opened.scope
  return await removeEach({ invocation, operands, options, runtimeName }, async (name) => {
    if (!options.force) requireVolume(all, name)
    await volumes.removeVolume(name, { signal })
  })
}

interface InspectOptions {
  readonly format?: string
  readonly json?: boolean
}

async function inspectVolumes({ invocation, operands, options }: Call<InspectOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { format } = options
  const template = format === undefined || format === 'json' ? undefined : parseTemplate(format, '--format')
  await using opened = await openRuntime(invocation)
  const manager = await opened.require(volumeManagerCapability)
  const all = await manager.listVolumes({ signal: interrupts.signal })
  const volumes = operands.map((name) => requireVolume(all, name))
  const toFormatted = (volume: VolumeInfo) =>
    template === undefined ? JSON.stringify(toVolumeFields(volume)) : template.render(toVolumeFields(volume))
  const text = options.json
    ? toJson({ runtime: opened.scope.runtimeName, volumes })
    : format === undefined
      ? volumes.map(toVolumeText).join('\n')
      : volumes.map((volume) => `${toFormatted(volume)}\n`).join('')
  await writeOutput(io.stdout, text, interrupts)
  return 0
}

function requireVolume(all: readonly VolumeInfo[], name: string): VolumeInfo {
  const found = all.find((volume) => volume.name === name)
  if (found === undefined) throw createHostError('VOLUME_NOT_FOUND', { name })
  return found
}
