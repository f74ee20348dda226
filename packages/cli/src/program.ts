import { Command, CommanderError } from 'commander'
import { addBuildCommand } from './commands/build.js'
import { addBuildKitCommand } from './commands/buildkit.js'
import { addGlobalOptions, type CommandLine, findProbeTimeout, readGlobalOptions } from './commands/command-line.js'
import { addConformanceCommand } from './commands/conformance.js'
import { addDoctorCommand } from './commands/doctor.js'
import { addExecCommand } from './commands/exec.js'
import { addHelpCommand } from './commands/help.js'
import { addInspectCommand } from './commands/inspect.js'
import { addLogsCommand } from './commands/logs.js'
import { addPsCommand } from './commands/ps.js'
import { addPullCommand } from './commands/pull.js'
import { addQuickstartCommand } from './commands/quickstart.js'
import { addRmCommand } from './commands/rm.js'
import { addRunCommand } from './commands/run.js'
import { addStopCommand } from './commands/stop.js'
import { addSweepCommand } from './commands/sweep.js'
import { failureCode } from './failure-code.js'
import { exitStatusHelp, programExamples } from './help.js'
import type { PluginSource } from './invocation.js'
import type { Io } from './io.js'
import { Interruption } from './terminal/interruption.js'
import { Interrupts } from './terminal/interrupts.js'
import { findColumns } from './terminal/terminal-size.js'
import { toErrors } from './thrown-errors.js'
import { UsageError } from './usage-error.js'

/**
 * Runs one command line, without the name of the program; resolves with the exit status and never rejects.
 *
 * Errors are on `io.stderr` by then. `plugins` are the runtimes that are there without `--plugin`.
 */
export async function runProgram(argv: readonly string[], options: ProgramOptions): Promise<number> {
  using interrupts = new Interrupts(options.io)
  const outcome: Outcome = { exitCode: 0, command: 'capstan', debug: argv.includes('--debug'), json: false }
  try {
    const program = createProgram(options, { argv, interrupts, outcome })
    await program.parseAsync(argv.length === 0 ? ['--help'] : argv, { from: 'user' })
    return outcome.exitCode
  } catch (error) {
    const { reason } = interrupts.signal
    const interruption = reason instanceof Interruption ? reason : undefined
    return await report(error, { io: options.io, outcome, interruption })
  }
}

/** What one command line runs on. */
export interface ProgramOptions {
  readonly io: Io
  readonly plugins: PluginSource
  /** As `--version` prints it. */
  readonly version: string
}

/** What is known when a command ends, in whichever way. */
interface Outcome {
  exitCode: number
  command: string
  debug: boolean
  /** Whether the command prints JSON; a failure is then written as JSON, too. */
  json: boolean
}

interface CommandRun {
  readonly argv: readonly string[]
  readonly interrupts: Interrupts
  readonly outcome: Outcome
}

function createProgram({ io, plugins, version }: ProgramOptions, { argv, interrupts, outcome }: CommandRun): Command {
  const program = createRoot(io, version)
  const perform: CommandLine['perform'] = (command, act) => {
    command.action(async () => {
      const given = readGlobalOptions(command)
      outcome.debug = given.debug
      outcome.json = isForProgram(command.opts())
      const globals = { ...given, probeTimeoutMs: await findProbeTimeout(given, io.env) }
      const invocation = { io, interrupts, plugins, globals }
      outcome.exitCode = (await act({ invocation, operands: toOperands(command), options: command.opts() })) ?? 0
    })
  }
  for (const add of commands) add({ program, perform })
  outcome.json = isJsonAsked(argv, program)
  for (const parent of [program, ...program.commands]) {
    parent.hook('preSubcommand', (_, command) => {
      outcome.command = toPath(command)
      outcome.json = isJsonAsked(argv, command)
    })
    refuseHelpOfUnknown(parent)
  }
  return program
}

/** By the command line as it was written, for one that cannot be parsed. */
function isJsonAsked(argv: readonly string[], command: Command): boolean {
  const end = argv.indexOf('--')
  const words = end === -1 ? argv : argv.slice(0, end)
  const asks = (long: string) => command.commands.length > 0 || command.options.some((option) => option.long === long)
  const isProgress = words.some(
    (word, index) => word === '--progress=json' || (word === 'json' && words[index - 1] === '--progress'),
  )
  return (asks('--json') && words.includes('--json')) || (asks('--progress') && isProgress)
}

/** For `capstan nope --help` the parser shows the help of the program. */
function refuseHelpOfUnknown(parent: Command): void {
  if (parent.commands.length === 0) return
  parent.on('beforeHelp', () => {
    const [name = '-'] = parent.args
    if (name.startsWith('-') || parent.commands.some((command) => command.name() === name)) return
    parent.error(`error: unknown command '${name}'`, { code: 'commander.unknownCommand' })
  })
}

/** `capstan buildkit du` */
function toPath(command: Command): string {
  return command.parent === null ? command.name() : `${toPath(command.parent)} ${command.name()}`
}

/** The program without its commands, which inherit what is set here. */
function createRoot(io: Io, version: string): Command {
  const program = new Command('capstan')
    .description('Run and manage containers on the runtimes of this machine.')
    .version(version, '-v, --version', 'Show the version')
    .helpOption('-h, --help', 'Show help; also `capstan COMMAND --help`')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      // `report` writes it, as it does any other error.
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(findColumns(io.stdout) ?? helpWidth, helpWidth),
      getErrHelpWidth: () => helpWidth,
    })
    .configureHelp({ minWidthToWrap: 20, subcommandTerm: toTerm })
    .addHelpText('after', programExamples + exitStatusHelp)
  return addGlobalOptions(program)
}

function toTerm(command: Command): string {
  const operands = command.registeredArguments.map((argument) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name()
    return argument.required ? `<${name}>` : `[${name}]`
  })
  return [command.name(), ...operands].join(' ')
}

/** The arguments of the command, defaults filled in, those of a list one by one. */
function toOperands(command: Command): readonly string[] {
  return command.processedArgs.flat().filter((operand) => typeof operand === 'string')
}

async function report(
  error: unknown,
  { interruption, ...to }: ReportOptions & { interruption: Interruption | undefined },
) {
  if (error instanceof Interruption || interruption !== undefined) {
    return reportInterruption(interruption ?? error, { error, ...to })
  }
  if (isBrokenPipe(error)) return new Interruption('SIGPIPE').exitCode
  if (error instanceof CommanderError) return reportUsage(error, to)
  const errors = toErrors(error)
  await writeErrors(errors, to)
  return (await import('./exit-code.js')).toExitCode(errors[0])
}

interface ReportOptions {
  readonly io: Io
  readonly outcome: Outcome
}

/** The interruption is the cause of every other failure, so only failures of the cleanup are written. */
async function reportInterruption(
  interruption: unknown,
  { error, ...to }: ReportOptions & { readonly error: unknown },
): Promise<number> {
  const [{ findUndoFailures, withUndoFailures }, { toExitCode }] = await Promise.all([
    import('@capstan/core'),
    import('./exit-code.js'),
  ])
  const others = toErrors(error).filter((other) => other !== interruption)
  withUndoFailures(interruption, others.flatMap(findUndoFailures))
  if (findUndoFailures(interruption).length > 0) await writeErrors([interruption], to)
  return toExitCode(interruption)
}

async function writeErrors(errors: readonly unknown[], { io, outcome }: ReportOptions): Promise<void> {
  const { command, debug, json } = outcome
  if (json && !debug) {
    const [{ toErrorDocument }, { toJsonLine }] = await Promise.all([
      import('./render/error-document.js'),
      import('./render/write-output.js'),
    ])
    io.stderr.write(toJsonLine({ errors: errors.map((error) => toErrorDocument(error, { command })) }))
    return
  }
  const { toErrorText } = await import('./render/error-text.js')
  const width = findColumns(io.stderr)
  const texts = new Set(errors.map((error) => toErrorText(error, { command, debug, width })))
  for (const text of texts) io.stderr.write(`${text}\n`)
}

/** Whether the options ask for JSON: `--json`, or `--progress json`. */
function isForProgram({ json, progress }: { readonly json?: unknown; readonly progress?: unknown }): boolean {
  return json === true || progress === 'json'
}

/** A write to stdout whose reader left: what a stream gives up with, besides telling that it ends. */
function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE' && 'syscall' in error
}

/** Help and version were asked for and are written; the rest is a command line that cannot be read. */
async function reportUsage(error: CommanderError, to: ReportOptions): Promise<number> {
  if (error.exitCode === 0) return 0
  if (error.code === 'commander.help') return failureCode
  const message = error.message.replaceAll(/^error: |\.$/g, '')
  await writeErrors([new UsageError(message, { remedies: [`see \`${to.outcome.command} --help\``] })], to)
  return failureCode
}

const commands: readonly ((line: CommandLine) => void)[] = [
  addQuickstartCommand,
  addDoctorCommand,
  addRunCommand,
  addExecCommand,
  addBuildCommand,
  addBuildKitCommand,
  addPullCommand,
  addPsCommand,
  addInspectCommand,
  addLogsCommand,
  addStopCommand,
  addRmCommand,
  addSweepCommand,
  addConformanceCommand,
  addHelpCommand,
]

const helpWidth = 80
