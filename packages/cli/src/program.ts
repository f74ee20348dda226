import { Command, CommanderError } from 'commander'
import type { CommandModule, SetAction } from './commands/command.js'
import { CliError } from './errors/cli-error.js'
import { Interruption } from './errors/interruption.js'
import { programHelp } from './help.js'
import type { PluginSource } from './host/invocation.js'
import { addGlobalOptions, findProbeTimeout, readGlobalOptions } from './options/global-options.js'
import { Interrupts } from './terminal/interrupts.js'
import type { Io } from './terminal/io.js'
import { findColumns } from './terminal/terminal-size.js'

/**
 * Runs one command line, without the name of the program. Resolves with the exit status and never rejects: errors are written
 * to `io.stderr`.
 */
export async function runProgram(argv: readonly string[], options: ProgramOptions): Promise<number> {
  const { io } = options
  using interrupts = new Interrupts(io)
  const state: ProgramState = { exitCode: 0, command: 'capstan', debug: argv.includes('--debug'), json: false }
  try {
    const program = createProgram(argv, { ...options, interrupts, state })
    await program.parseAsync(argv.length === 0 ? ['--help'] : argv, { from: 'user' })
    return state.exitCode
  } catch (error) {
    const { reason } = interrupts.signal
    const interruption = reason instanceof Interruption ? reason : undefined
    // Commander throws after it has written the help or the version.
    if (error instanceof CommanderError && error.exitCode === 0 && interruption === undefined) return 0
    const { reportError } = await import('./report-error.js')
    return reportError(error, { io, ...state, interruption })
  }
}

/** The process and the plugins of one command line. */
export interface ProgramOptions {
  readonly io: Io
  /** The runtimes that are available without `--plugin`. */
  readonly plugins: PluginSource
  /** The output of `--version`. */
  readonly version: string
}

/** The exit status, set when the action has ended; and what the report of an error needs, set while the arguments are parsed. */
interface ProgramState {
  exitCode: number
  command: string
  debug: boolean
  /** Whether the command prints JSON; errors are then written as JSON. */
  json: boolean
}

interface CreateOptions extends ProgramOptions {
  readonly interrupts: Interrupts
  readonly state: ProgramState
}

function createProgram(argv: readonly string[], options: CreateOptions): Command {
  const { io, state, version } = options
  const program = createRoot(io, version)
  const define = async (command: Command) => {
    const module = await commands.find(({ name }) => name === command.name())?.load()
    module?.define(command, createSetAction(options))
  }
  const addHooks = (parent: Command) => {
    if (parent.commands.length === 0) return
    rejectHelpOfUnknownCommand(parent)
    parent.hook('preSubcommand', async (_, command) => {
      // The file of a command is loaded here, before its arguments are parsed, so that no other is loaded.
      if (parent === program) await define(command)
      addHooks(command)
      state.command = toPath(command)
      state.json = isJsonRequested(argv, command)
    })
  }
  for (const { name, summary } of commands) program.command(name).summary(summary)
  addHelpCommand(program, define)
  addHooks(program)
  state.json = isJsonRequested(argv, program)
  return program
}

function createSetAction({ io, plugins, interrupts, state }: CreateOptions): SetAction {
  return (command, action) => {
    addGlobalOptions(command).action(async () => {
      const given = readGlobalOptions(command)
      state.debug = given.debug
      const { json, progress } = command.opts<{ readonly json?: unknown; readonly progress?: unknown }>()
      state.json = json === true || progress === 'json'
      const globals = { ...given, probeTimeoutMs: await findProbeTimeout(given, io.env) }
      const invocation = { io, interrupts, plugins, globals }
      state.exitCode = await action({ invocation, operands: toOperands(command), options: command.opts() })
    })
  }
}

/** Adds `capstan help`. The help command of commander shows the help of the program for an unknown command. */
function addHelpCommand(program: Command, define: (command: Command) => Promise<void>): void {
  const help = program.command('help').summary('Show the help of a command').argument('[command]')
  help.action(async (name?: string) => {
    const command = name === undefined ? program : program.commands.find((each) => each.name() === name)
    if (command === undefined) {
      throw new CliError(`there is no command "${name}"`, { remedies: ['`capstan --help` lists the commands'] })
    }
    if (command !== program) await define(command)
    command.outputHelp()
  })
}

/** Creates the program without its commands, which inherit its settings. */
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
      // `reportError` writes it, like any other error.
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(findColumns(io.stdout) ?? helpWidth, helpWidth),
      getErrHelpWidth: () => helpWidth,
    })
    .configureHelp({ minWidthToWrap: 20, subcommandTerm: toTerm })
    .addHelpText('after', programHelp)
  return addGlobalOptions(program)
}

/** Rejects `capstan unknown --help`, for which commander shows the help of the program. */
function rejectHelpOfUnknownCommand(parent: Command): void {
  parent.on('beforeHelp', () => {
    const [name = '-'] = parent.args
    if (name.startsWith('-') || parent.commands.some((command) => command.name() === name)) return
    parent.error(`error: unknown command '${name}'`, { code: 'commander.unknownCommand' })
  })
}

/** Whether the command line requests JSON. Searches the arguments themselves, since they may not be parseable. */
function isJsonRequested(argv: readonly string[], command: Command): boolean {
  const end = argv.indexOf('--')
  const words = end === -1 ? argv : argv.slice(0, end)
  const accepts = (long: string) =>
    command.commands.length > 0 || command.options.some((option) => option.long === long)
  const isProgress = words.some(
    (word, index) => word === '--progress=json' || (word === 'json' && words[index - 1] === '--progress'),
  )
  return (accepts('--json') && words.includes('--json')) || (accepts('--progress') && isProgress)
}

/** Returns the path of a command: `capstan buildkit du`. */
function toPath(command: Command): string {
  return command.parent === null ? command.name() : `${toPath(command.parent)} ${command.name()}`
}

/** Formats a command in the list of commands: its name and operands. */
function toTerm(command: Command): string {
  const entry = command.parent?.parent === null ? commands.find(({ name }) => name === command.name()) : undefined
  return entry?.usage ?? [command.name(), ...command.registeredArguments.map((each) => `[${each.name()}]`)].join(' ')
}

/** Returns the operands of a command, with defaults and with lists flattened. */
function toOperands(command: Command): readonly string[] {
  return command.processedArgs.flat().filter((operand) => typeof operand === 'string')
}

/** A command in `capstan --help`. Its module defines everything else, and is loaded when the command is used. */
interface CommandEntry {
  readonly name: string
  /** The name and the operands. */
  readonly usage: string
  readonly summary: string
  load(): Promise<CommandModule>
}

const commands: readonly CommandEntry[] = [
  toEntry('quickstart', 'Build, run and clean up a small example', () => import('./commands/quickstart.js')),
  toEntry('doctor', 'Show the runtimes on this machine and their capabilities', () => import('./commands/doctor.js')),
  toEntry('run <image> [command...]', 'Run a command in a new container', () => import('./commands/run.js')),
  toEntry('exec <container> <command...>', 'Run a command in a running container', () => import('./commands/exec.js')),
  toEntry('build [path]', 'Build an image from a Dockerfile', () => import('./commands/build.js')),
  toEntry('buildkit', 'Keep a BuildKit running for later builds', () => import('./commands/buildkit.js')),
  toEntry('pull <image>', 'Pull an image from a registry', () => import('./commands/pull.js')),
  toEntry('ps', 'List containers', () => import('./commands/ps.js')),
  toEntry(
    'inspect <container...>',
    'Show state, networks, ports and labels of containers',
    () => import('./commands/inspect.js'),
  ),
  toEntry('logs <container>', 'Show the logs of a container', () => import('./commands/logs.js')),
  toEntry('stop <container...>', 'Stop one or more running containers', () => import('./commands/stop.js')),
  toEntry('rm <container...>', 'Remove one or more containers', () => import('./commands/rm.js')),
  toEntry('sweep', 'Remove resources left behind by crashed programs', () => import('./commands/sweep.js')),
  toEntry('conformance', 'Test a runtime plugin against the contract', () => import('./commands/conformance.js')),
]

function toEntry(usage: string, summary: string, load: CommandEntry['load']): CommandEntry {
  const [name = ''] = usage.split(' ', 1)
  return { name, usage, summary, load }
}

const helpWidth = 80
