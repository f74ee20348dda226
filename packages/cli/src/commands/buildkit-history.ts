import { isHostError, type RuntimeScope } from '@capstan/core'
import { type BuildHistory, BuildKitFeature, type BuildRecord } from '@capstan/feature-buildkit'
import { type Command, Option } from 'commander'
import { readBuildKitOptions } from '../buildkit/buildkit-options.js'
import { describeAbsence } from '../buildkit/shared-buildkit.js'
import { CliError } from '../errors/cli-error.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { createBuildKitBuildDisplay } from '../render/buildkit-build-display.js'
import { toHistoryTable, toRecordPage } from '../render/history-pages.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { findColumns } from '../terminal/terminal-size.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan buildkit history` and its subcommands. */
export function defineHistory(parent: Command, setAction: SetAction): void {
  const summary = 'List and inspect earlier builds'
  const group = parent
    .command('history')
    .summary(summary)
    .helpCommand('help [command]', 'Show the help of a command')
    .description(
      "Lists and inspects the builds that the engine's own BuildKit has recorded, also those of docker, or those of the " +
        'running BuildKit in a container.',
    )
    .addHelpText('after', toExamples({ 'capstan buildkit history logs': 'Show the progress of the last build' }))
  const builders = new Option(
    '--builder <builder>',
    'Select the BuildKit (default: that of the engine, else the sidecar)',
  )
  const add = (name: string, text: string) =>
    group
      .command(name)
      .summary(text)
      .description(`${text}.`)
      .addOption(builders.choices(['engine', 'sidecar']))
  const setSubcommand = (command: Command, run: Subcommand) =>
    setAction<HistoryOptions>(command, (call) => withHistory(call, run))
  setSubcommand(add('ls', 'List builds, the newest first').option('--json', 'Print one JSON document'), list)
  const inspectCommand = add('inspect', 'Show a build').argument('[build]', buildArgument)
  setSubcommand(inspectCommand.option('--json', 'Print one JSON document'), inspect)
  const kinds = new Option('--progress <kind>', 'Set the format; rawjson is that of BuildKit')
  const logsCommand = add('logs', 'Show the progress of a build').argument('[build]', buildArgument)
  setSubcommand(logsCommand.addOption(kinds.choices(['plain', 'rawjson']).default('plain')), logs)
  const rmCommand = add('rm', 'Remove builds from the history').argument('[build...]', 'ID or prefix of an ID')
  setSubcommand(rmCommand.option('--all', 'Remove all builds that have ended'), remove)
}

const buildArgument = 'ID or prefix of an ID (default: the newest build)'

interface HistoryOptions {
  readonly builder?: 'engine' | 'sidecar'
  readonly json?: boolean
  readonly progress?: 'plain' | 'rawjson'
  readonly all?: boolean
}

interface HistoryCall extends Call<HistoryOptions> {
  readonly history: BuildHistory
  readonly records: readonly BuildRecord[]
  readonly runtime: string
}

/** Writes the output itself. */
type Subcommand = (call: HistoryCall) => Promise<void>

async function withHistory(call: Call<HistoryOptions>, run: Subcommand): Promise<number> {
  await using opened = await openRuntime(call.invocation)
  const { scope } = opened
  await using history = await requireHistory(scope, call)
  const records = await history.builds(call.invocation.interrupts).catch((error: unknown) => {
    const isMissing = isHostError(error, 'OPERATION_FAILED') && error.facts.status === unimplemented
    throw isMissing ? new CliError(`BuildKit of ${scope.runtimeName} is too old to record builds`) : error
  })
  await run({ ...call, history, records, runtime: scope.runtimeName })
  return 0
}

async function requireHistory(
  scope: RuntimeScope,
  { invocation: { io, interrupts }, options: { builder } }: Call<HistoryOptions>,
): Promise<BuildHistory> {
  const options = { ...readBuildKitOptions(io), ...omitUndefined({ builder }), signal: interrupts.signal }
  const history = await scope.resolve(BuildKitFeature).findHistory(options)
  if (history !== undefined) return history
  const remedies = ['`capstan buildkit start` starts it']
  throw new CliError(describeAbsence(scope), { remedies })
}

async function list({ invocation, options, records, runtime }: HistoryCall): Promise<void> {
  const { io, interrupts } = invocation
  const width = findColumns(io.stdout)
  const text = options.json ? toJson({ runtime, builds: records }) : toHistoryTable(records, { width, now: new Date() })
  await writeOutput(io.stdout, text, interrupts)
}

async function inspect({ invocation, operands, options, records, runtime }: HistoryCall): Promise<void> {
  const record = findRecord(records, operands[0])
  const text = options.json ? toJson({ runtime, build: record }) : toRecordPage(record)
  await writeOutput(invocation.io.stdout, text, invocation.interrupts)
}

async function logs({ invocation, operands, options, history, records }: HistoryCall): Promise<void> {
  const { stdout, env } = invocation.io
  const { ref, state } = findRecord(records, operands[0])
  const display = createBuildKitBuildDisplay({ stdout, stderr: stdout, env }, options.progress ?? 'plain')
  for await (const event of history.buildEvents(ref, invocation.interrupts)) display.onEvent(event)
  if (state === 'failed') display.fail('')
  else display.succeed(`build ${ref} ${state === 'running' ? 'has ended' : state}`)
}

async function remove({ invocation, operands, options, history, records }: HistoryCall): Promise<void> {
  const ended = records.filter(({ state }) => state !== 'running')
  if (operands.length === 0 && !options.all) throw new CliError('name the builds to remove, or use --all')
  const chosen = options.all ? ended : operands.map((operand) => findRecord(records, operand))
  for (const { ref } of chosen) {
    await history.removeBuild(ref, invocation.interrupts)
    await writeOutput(invocation.io.stdout, `${ref}\n`, invocation.interrupts)
  }
}

function findRecord(records: readonly BuildRecord[], prefix = ''): BuildRecord {
  const exact = records.find(({ ref }) => ref === prefix)
  const [first, second] = records.filter(({ ref }) => ref.startsWith(prefix))
  if (exact !== undefined) return exact
  const remedies = ['`capstan buildkit history ls` lists the builds']
  if (first === undefined)
    throw new CliError(prefix === '' ? 'there are no builds' : `there is no build "${prefix}"`, { remedies })
  if (prefix !== '' && second !== undefined) throw new CliError(`several builds begin with "${prefix}"`, { remedies })
  return first
}

/** The status of gRPC for a call that the daemon does not have. */
const unimplemented = 12
