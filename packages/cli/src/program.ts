import { type Command, CommanderError } from 'commander'
import type { SetAction } from './commands/command.js'
import { commandGroups, findCommandEntry } from './commands/command-list.js'
import { CliError } from './errors/cli-error.js'
import { Interruption } from './errors/interruption.js'
import { helpTopics, programHelp } from './help.js'
import type { PluginSource } from './host/invocation.js'
import { DockerCommand } from './options/docker-command.js'
import { addGlobalOptions, findProbeTimeout, readGlobalOptions } from './options/global-options.js'
import { findSimilar } from './options/suggestion.js'
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
  const state: ProgramState = {
    exitCode: 0,
    command: 'capstan',
    debug: argv.includes('--debug'),
    json: false,
    suggest: () => [],
  }
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
  /** Returns remedies for an unknown command or option that resembles a known one. */
  suggest: (given: string) => readonly string[]
}

interface CreateOptions extends ProgramOptions {
  readonly interrupts: Interrupts
  readonly state: ProgramState
}

function createProgram(argv: readonly string[], options: CreateOptions): Command {
  const { io, state, version } = options
  const program = createRoot(io, version)
  const define = async (command: Command) => {
    const module =
      command.name() === completeName
        ? (await import('./commands/complete.js')).createCompleteModule(define)
        : await findCommandEntry(command.name())?.load()
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
      state.suggest = (given) => suggest(given, command)
      state.json = isJsonRequested(argv, command)
    })
  }
  for (const { title, commands } of commandGroups) {
    for (const { name, summary } of commands) program.command(name).summary(summary).helpGroup(title)
  }
  program.command(completeName, { hidden: true })
  addHelpCommand(program, { io, define })
  addHooks(program)
  state.json = isJsonRequested(argv, program)
  state.suggest = (given) => suggest(given, program)
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
function addHelpCommand(program: Command, { io, define }: HelpOptions): void {
  const help = program.command('help').summary('Show the help of a command or a topic').argument('[command]')
  help.helpGroup(commandGroups.at(-1)?.title ?? '').action(async (name?: string) => {
    const topic = name === undefined ? undefined : helpTopics[name]
    if (topic !== undefined) return void io.stdout.write(topic)
    const command = name === undefined ? program : program.commands.find((each) => each.name() === name)
    if (command === undefined) {
      const remedies = [...suggest(name ?? '', program), '`capstan --help` lists the commands']
      throw new CliError(`there is no command "${name}"`, { remedies })
    }
    if (command !== program) await define(command)
    command.outputHelp()
  })
}

interface HelpOptions {
  readonly io: Io
  /** Loads the definition of a command. */
  readonly define: (command: Command) => Promise<void>
}

/** Creates the program without its commands, which inherit its settings. */
function createRoot(io: Io, version: string): Command {
  const program = new DockerCommand('capstan')
    .description('Run and manage containers on the runtimes of this machine.')
    .version(version, '-v, --version', 'Show the version')
    .helpOption('-h, --help', 'Show help; also `capstan COMMAND --help`')
    .helpCommand(false)
    .enablePositionalOptions()
    .showSuggestionAfterError(false)
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

/** Returns the remedy for a name that resembles commands or options of a command; none if it resembles none. */
function suggest(given: string, command: Command): readonly string[] {
  const help = command.createHelp()
  const known = given.startsWith('-')
    ? help.visibleOptions(command).map(({ long }) => long ?? '')
    : help.visibleCommands(command).map((each) => each.name())
  const similar = findSimilar(given, [...new Set(known)])
  return similar.length === 0 ? [] : [`did you mean ${similar.map((name) => `\`${name}\``).join(' or ')}?`]
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

/** Formats a command in a list of commands. The long list of the program has only names. */
function toTerm(command: Command): string {
  const operands = command.parent?.parent ? command.registeredArguments.map((each) => `[${each.name()}]`) : []
  return [command.name(), ...operands].join(' ')
}

/** Returns the operands of a command, with defaults and with lists flattened. */
function toOperands(command: Command): readonly string[] {
  return command.processedArgs.flat().filter((operand) => typeof operand === 'string')
}

/** The command that the scripts of `capstan completion` run. The help does not list it. */
const completeName = '__complete'
const helpWidth = 80
