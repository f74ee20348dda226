import type { ImageInfo } from '@capstan/core'
import type { Command } from 'commander'
import { parseImageFilters, toReferenceFilter } from '../host/image-filters.js'
import { openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { type ImageField, imageTitles, toImageRows } from '../render/image-row.js'
import { toOneLine } from '../render/printable.js'
import { parseRowFormat, type Row, toFormatNotes } from '../render/row-format.js'
import { renderTable } from '../render/table.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { findColumns } from '../terminal/terminal-size.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan images`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Lists the images of the runtime, the newest first, with a row for each tag.')
    .argument('[repository]', 'Show only images of this repository, or with this tag; * matches any text')
    .option('-a, --all', 'Show also images of build steps')
    .option('-q, --quiet', 'Print image IDs only')
    .option(
      '-f, --filter <filter>',
      'Show only images with, for example, dangling=true or label=KEY (repeatable)',
      collect,
    )
    .option('--digests', 'Show digests')
    .option('--no-trunc', 'Print full IDs')
    .option(
      '--format <format>',
      "Print rows by a template such as '{{.Repository}}:{{.Tag}}', 'table TEMPLATE' or json",
    )
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples(examples) + filterNotes + toFormatNotes(imageTitles))
  setAction<ImagesOptions>(command, images)
}

const examples = {
  "capstan images 'registry.example/*'": 'List the images of a registry',
  'capstan rmi $(capstan images -q -f dangling=true)': 'Remove all images without a tag',
}
const filterNotes =
  '\n\nFilters: dangling=true|false, label=KEY[=VALUE], reference=PATTERN, before=IMAGE,\nsince=IMAGE.'

interface ImagesOptions {
  readonly all?: boolean
  readonly quiet?: boolean
  readonly filter?: readonly string[]
  readonly digests?: boolean
  readonly trunc: boolean
  readonly format?: string
  readonly json?: boolean
}

async function images({ invocation, operands, options }: Call<ImagesOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const [repository] = operands
  const isSelected = parseImageFilters(options.filter ?? [])
  const isNamed = repository === undefined ? () => true : toReferenceFilter(repository)
  const format = options.json || options.quiet ? undefined : parseRowFormat(options.format, imageTitles)
  await using opened = await openRuntime(invocation)
  const { runtime, runtimeName } = opened.scope
  const all = await runtime.listImages({ all: options.all === true, signal: interrupts.signal })
  const listed = all
    .filter((image) => isSelected(image, all) && isNamed(image, all))
    .toSorted((one, other) => toTime(other) - toTime(one))
  const rows = listed.flatMap((image) => toImageRows(image, { now: new Date(), truncate: options.trunc }))
  const shown = repository === undefined ? rows : rows.filter((row) => hasName(row, repository))
  const text = options.json
    ? toJson({ runtime: runtimeName, images: listed })
    : (format?.renderRows(shown) ?? toText(shown, options, findColumns(io.stdout)))
  await writeOutput(io.stdout, text, interrupts)
  return 0
}

/** Whether the row is for the repository: an image may have tags of several. */
function hasName({ Repository, Tag }: Row<ImageField>, repository: string): boolean {
  const row = { id: '', tags: [`${Repository}:${Tag}`], digests: [], sizeBytes: 0, createdAt: undefined, labels: {} }
  return toReferenceFilter(repository)(row, [])
}

function toText(
  rows: readonly Row<ImageField>[],
  { quiet, digests }: ImagesOptions,
  width: number | undefined,
): string {
  if (quiet) return rows.map(({ ID }) => `${ID}\n`).join('')
  const fields: readonly ImageField[] = digests ? [...columns.slice(0, 2), 'Digest', ...columns.slice(2)] : columns
  const head = fields.map((field) => String(imageTitles[field]))
  return renderTable({ head, rows: rows.map((row) => fields.map((field) => toOneLine(String(row[field])))) }, { width })
}

const columns: readonly ImageField[] = ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size']

function toTime({ createdAt }: ImageInfo): number {
  return createdAt?.getTime() ?? 0
}
