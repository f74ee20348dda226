import { type JobOutcome, runJobs } from '@capstan/container-tools'
import {
  type JobConfig,
  type JobManager,
  jobManagerCapability,
  type OptionName,
  type ProgressEvent,
} from '@capstan/core'
import { listUsedOptions, validateJobConfig } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { CliError } from '../errors/cli-error.js'
import type { Invocation } from '../host/invocation.js'
import { openRuntime } from '../host/open-host.js'
import { collect, toExamples } from '../options/command-definition.js'
import { type JobOptions, readJobLines, toJobConfig } from '../options/job-config.js'
import { parseNumber } from '../options/numbers.js'
import { toErrorDocument } from '../render/error-document.js'
import { createPullDisplay } from '../render/pull-display.js'
import { toJson, writeOutput, writeWarning } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan job` and its subcommand. */
export function define(group: Command, setAction: SetAction): void {
  group
    .helpCommand('help [command]', 'Show the help of a command')
    .description('Runs jobs: commands that run to their end in containers of their own.')
    .addHelpText('after', toExamples(examples))
  const run = group
    .command('run')
    .summary('Run a job, or one for each line of a file')
    .description(
      'Runs a command to its end in a container of its own, on the engine or on a node of its cluster, and removes it. ' +
        'Exits with the exit code of the command. With --file, runs a job for each line, and exits with 125 if one ' +
        'could not be run, else with 1 if the command of one failed.',
    )
    .argument('<image>', 'Reference or ID of the image; pulled if it is missing')
    .argument('[command...]', 'Command and arguments (default: those of the image)')
    .helpOption('--help', 'Show this help')
    .passThroughOptions()
  addOptions(run)
  run.addHelpText('after', toExamples(examples) + notes)
  setAction<RunJobCommandOptions>(run, runJob)
}

function addOptions(command: Command): void {
  command
    .optionsGroup('Process:')
    .option(
      '-e, --env <key[=value]>',
      'Set a variable; KEY alone copies it from this environment (repeatable)',
      collect,
    )
    .option('--env-file <file>', 'Read environment variables from a file of KEY=VALUE lines (repeatable)', collect)
    .option('-w, --workdir <path>', 'Set the working directory in the container')
    .option('-u, --user <user[:group]>', 'Run as this user and group')
    .option('--entrypoint <command>', "Replace the entrypoint of the image; '' for none")
    .option('-l, --label <key=value>', 'Set a label (repeatable)', collect)
    .optionsGroup('Files and networks:')
    .option(
      '-v, --volume <source:target[:ro]>',
      'Mount an existing path or a volume of the node; a missing volume is created and persists (repeatable)',
      collect,
    )
    .option('--tmpfs <target[:options]>', 'Mount a tmpfs, such as /run:size=64m (repeatable)', collect)
    .option('--network <network>', 'Connect to a network, by name or ID (repeatable)', collect)
    .optionsGroup('Limits:')
    .option('-m, --memory <size>', 'Limit the memory, such as 512m')
    .option('--cpus <number>', 'Limit the number of CPUs, such as 1.5')
    .optionsGroup('Cluster:')
    .option('--constraint <condition>', 'Run on a node with, for example, node.labels.gpu==yes (repeatable)', collect)
    .option('--secret <secret>', 'Add a secret: NAME, or source=NAME,target=PATH (repeatable)', collect)
    .option('--config <config>', 'Add a config: NAME, or source=NAME,target=PATH (repeatable)', collect)
    .optionsGroup('List of jobs:')
    .option('--file <file>', 'Run a job for each line of a file, or of stdin for "-"')
    .option('--concurrency <number>', 'Run this number of jobs of --file at a time (default: 4)')
    .optionsGroup('Output:')
    .option('--json', 'Print one JSON document with the outputs and the exit codes')
}

const examples = {
  "capstan job run busybox sh -c 'exit 7'": 'Run a job, and exit with its exit code, 7',
  'capstan job run --file hosts.txt --concurrency 10 busybox nslookup': 'Run nslookup with each line of a file',
}

const notes = `

With --file, a line is the last argument of COMMAND, or, without COMMAND, a
command line for sh. The output of a job is printed when it ends. With --file
and --json, output beyond 16 MiB of a job is cut, with a warning.

Where the engine manages a cluster, jobs run on its nodes: \`capstan doctor\`
notes it. Ctrl-C removes the running jobs.`

interface RunJobCommandOptions extends JobOptions {
  readonly file?: string
  readonly concurrency?: string
  readonly json?: boolean
}

async function runJob({ invocation, operands, options }: Call<RunJobCommandOptions>): Promise<number> {
  const { io } = invocation
  const [image = '', ...command] = operands
  const { file, concurrency } = options
  if (concurrency !== undefined && file === undefined) throw new CliError('--concurrency needs --file')
  const limit = concurrency === undefined ? 4 : parseNumber(concurrency, { option: '--concurrency', integer: true })
  if (limit === 0) throw new CliError('--concurrency must be at least 1')
  const config = { ...(await toJobConfig(image, options, io)), ...(command.length > 0 && { command }) }
  const container = validateJobConfig(config)
  const lines = file === undefined ? undefined : await readJobLines(file, io)
  const requiredOptions = [...listUsedOptions(container), ...listClusterOptions(config)]
  await using opened = await openRuntime(invocation, { requires: [jobManagerCapability], requiredOptions })
  const jobs = await opened.require(jobManagerCapability)
  const { runtimeName: runtime } = opened.scope
  if (lines === undefined) {
    return await (options.json ? runForDocument : runOne)(jobs, config, { ...invocation, runtime })
  }
  const configs = lines.map((line) => ({
    ...config,
    command: command.length > 0 ? [...command, line] : ['sh', '-c', line],
  }))
  return await runList(jobs, configs, { ...invocation, runtime, limit, lines, json: options.json === true })
}

function listClusterOptions({ constraints, secrets, configs }: JobConfig): readonly OptionName[] {
  return [
    ...(constraints === undefined ? [] : (['job-manager.constraints'] as const)),
    ...(secrets === undefined ? [] : (['job-manager.secrets'] as const)),
    ...(configs === undefined ? [] : (['job-manager.configs'] as const)),
  ]
}

interface Running extends Invocation {
  readonly runtime: string
}

/** Runs a job whose output goes to that of this process. */
async function runOne(jobs: JobManager, config: JobConfig, { io, interrupts }: Running): Promise<number> {
  const { stdout, stderr } = io
  using display = createJobDisplay(io, config.image)
  const { onProgress } = display
  return (await jobs.runJob(config, { stdout, stderr, onProgress, signal: interrupts.signal })).exitCode
}

/** Shows the progress of a pull, and why a job waits for a node. */
function createJobDisplay({ stderr }: Invocation['io'], image: string) {
  const display = createPullDisplay(stderr, image)
  const onProgress = (event: ProgressEvent) => {
    if (event.totalBytes !== undefined) display.onProgress(event)
    else if (event.status.startsWith('pending: ')) {
      stderr.write(`The job waits for a node: ${event.status.slice('pending: '.length)}\n`)
    }
  }
  return { onProgress, [Symbol.dispose]: () => display[Symbol.dispose]() }
}

async function runForDocument(
  jobs: JobManager,
  config: JobConfig,
  { io, interrupts, runtime }: Running,
): Promise<number> {
  for await (const outcome of runJobs(jobs, [config], { maxOutputBytes, signal: interrupts.signal })) {
    if (outcome.result === undefined) throw outcome.error
    const { exitCode } = outcome.result
    const document = { runtime, ...toResult(outcome.result) }
    warnIfCut(outcome, 'the job', io)
    await writeOutput(io.stdout, toJson(document), interrupts)
    return exitCode
  }
  return 1 // not reached: one config has one outcome
}

interface RunningList extends Running {
  readonly limit: number
  readonly lines: readonly string[]
  readonly json: boolean
}

/** Runs the jobs of a list. Exits with 1 if the exit code of one is not 0, and with 125 if one could not be run. */
async function runList(jobs: JobManager, configs: readonly JobConfig[], options: RunningList): Promise<number> {
  const { io, interrupts, runtime, limit, lines, json } = options
  const ended: object[] = []
  let failed = 0
  let exitCode = 0
  for await (const outcome of runJobs(jobs, configs, {
    concurrency: limit,
    maxOutputBytes,
    signal: interrupts.signal,
  })) {
    const line = lines[outcome.index] ?? ''
    const code = outcome.result === undefined ? 125 : outcome.result.exitCode === 0 ? 0 : 1
    if (code !== 0) failed += 1
    exitCode = Math.max(exitCode, code)
    if (json) ended.push({ line, ...toDocument(outcome) })
    else await print(outcome, { line, io, interrupts })
    warnIfCut(outcome, `"${line}"`, io)
  }
  if (json) await writeOutput(io.stdout, toJson({ runtime, jobs: ended }), interrupts)
  if (failed > 0 && !json) io.stderr.write(`${failed} of ${lines.length} jobs failed\n`)
  return exitCode
}

async function print(
  { result, error }: JobOutcome,
  { line, io, interrupts }: Pick<Invocation, 'io' | 'interrupts'> & { readonly line: string },
): Promise<void> {
  if (result === undefined) {
    io.stderr.write(`${line}: ${error instanceof Error ? error.message : String(error)}\n`)
    return
  }
  await writeOutput(io.stdout, result.stdout, interrupts)
  await writeOutput(io.stderr, result.stderr, interrupts)
  if (result.exitCode !== 0) io.stderr.write(`${line}: exit code ${result.exitCode}\n`)
}

function toDocument({ index, result, error }: JobOutcome): object {
  if (result === undefined) return { index, error: toErrorDocument(error, { command: 'job run' }) }
  return { index, ...toResult(result) }
}

function toResult({ exitCode, nodeId, taskId, stdout, stderr, isTruncated, durationMs }: RunResult): object {
  return { exitCode, nodeId, taskId, stdout, stderr, isTruncated, durationMs }
}

/** The output of a job whose output is not passed on while it runs has a limit. */
function warnIfCut({ result }: JobOutcome, job: string, { stderr }: Pick<Invocation['io'], 'stderr'>): void {
  if (result?.isTruncated) writeWarning(stderr, `the output of ${job} was cut at ${maxOutputBytes / 2 ** 20} MiB`)
}

type RunResult = NonNullable<JobOutcome['result']>

/** The most bytes of the output of a job that are kept until it ends. */
const maxOutputBytes = 16 * 2 ** 20
