import { type ContextList, type DockerContext, listContexts, setCurrentContext } from '@capstan/runtime-docker'
import type { Command } from 'commander'
import { toExamples } from '../options/command-definition.js'
import { toOneLine } from '../render/printable.js'
import { parseRowFormat, type Row, toFormatNotes } from '../render/row-format.js'
import { renderTable } from '../render/table.js'
import { toJson, writeOutput, writeWarning } from '../render/write-output.js'
import { findColumns } from '../terminal/terminal-size.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan context` and its subcommands. */
export function define(group: Command, setAction: SetAction): void {
  group
    .helpCommand('help [command]', 'Show the help of a command')
    .description(
      "Lists and selects the contexts of docker, each of which names the engine of this or another machine. Runtime docker uses the current one: that of --context, else DOCKER_HOST, else that of DOCKER_CONTEXT, else that of `context use`, which docker's client uses as well.",
    )
    .addHelpText('after', toExamples(examples))
  const lsCommand = group
    .command('ls')
    .summary('List contexts')
    .description('Lists the contexts, and what selects the current one, which has a `*`.')
    .option('-q, --quiet', 'Print names only')
    .option('--format <format>', "Print rows by a template such as '{{.Name}}', 'table TEMPLATE' or json")
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toFormatNotes(titles))
  setAction<ListOptions>(lsCommand, list)
  const useCommand = group
    .command('use')
    .summary('Select the current context')
    .description("Selects the current context in docker's config.json. `default` removes the selection.")
    .argument('<context>', 'Name of the context')
    .option('--json', 'Print one JSON document')
  setAction<UseOptions>(useCommand, use)
}

const examples = {
  'capstan context ls': 'List the contexts',
  'capstan context use build': 'Use the engine of context build in all later commands',
  'capstan --context build ps': 'Use it in one command',
}

interface ListOptions {
  readonly quiet?: boolean
  readonly format?: string
  readonly json?: boolean
}

async function list({ invocation, options }: Call<ListOptions>): Promise<number> {
  const { io, interrupts, globals } = invocation
  const format = options.json || options.quiet ? undefined : parseRowFormat(options.format, titles)
  const listed = await listContexts(io.env, globals)
  const { contexts, currentBy, problem } = listed
  if (problem !== undefined) writeWarning(io.stderr, `the current context is unknown: ${problem}`)
  const text = options.json
    ? toJson({ contexts, currentBy: problem === undefined ? currentBy : null })
    : (format?.renderRows(contexts.map(toRow)) ?? toText(listed, options, findColumns(io.stdout)))
  await writeOutput(io.stdout, text, interrupts)
  return 0
}

/** The name of a field of a context in `--format`, as in docker. */
type ContextField = 'Name' | 'Description' | 'DockerEndpoint' | 'Current' | 'Error'

const titles: Row<ContextField> = {
  Name: 'NAME',
  Description: 'DESCRIPTION',
  DockerEndpoint: 'DOCKER ENDPOINT',
  Current: 'CURRENT',
  Error: 'ERROR',
}

function toRow({ name, description, endpoint, isCurrent, problem }: DockerContext): Row<ContextField> {
  return {
    Name: name,
    Description: description,
    DockerEndpoint: endpoint ?? '',
    Current: isCurrent,
    Error: problem ?? '',
  }
}

function toText({ contexts, currentBy }: ContextList, { quiet }: ListOptions, width: number | undefined): string {
  if (quiet) return contexts.map(({ name }) => `${toOneLine(name)}\n`).join('')
  const hasProblem = contexts.some(({ problem }) => problem !== undefined)
  const head = ['NAME', 'CURRENT BY', 'DESCRIPTION', 'DOCKER ENDPOINT', ...(hasProblem ? ['ERROR'] : [])]
  const rows = contexts.map(({ name, isCurrent, description, endpoint = '', problem = '' }) => [
    isCurrent ? `${name} *` : name,
    isCurrent ? sources[currentBy] : '',
    description,
    endpoint,
    ...(hasProblem ? [problem] : []),
  ])
  return renderTable({ head, rows: rows.map((row) => row.map(toOneLine)) }, { width })
}

/** What selects the current context. */
const sources: Readonly<Record<ContextList['currentBy'], string>> = {
  given: '--context',
  DOCKER_HOST: 'DOCKER_HOST',
  DOCKER_CONTEXT: 'DOCKER_CONTEXT',
  'config.json': 'config.json',
  default: 'default',
}

interface UseOptions {
  readonly json?: boolean
}

async function use({ invocation, operands, options }: Call<UseOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const [name = ''] = operands
  const file = await setCurrentContext(name, io.env)
  const { currentBy } = await listContexts(io.env)
  if (currentBy === 'DOCKER_HOST' || currentBy === 'DOCKER_CONTEXT') {
    writeWarning(io.stderr, `${currentBy} precedes the context until it is unset: use --context, or unset it`)
  }
  await writeOutput(io.stdout, options.json ? toJson({ context: name, file }) : `${name}\n`, interrupts)
  return 0
}
