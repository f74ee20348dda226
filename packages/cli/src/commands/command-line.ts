import type { Command, OptionValues } from 'commander'
import type { GlobalOptions, Invocation } from '../invocation.js'
import type { Io } from '../io.js'

/** Where the commands are added: each says what can be written, and loads what it does when it is asked for. */
export interface CommandLine {
  readonly program: Command
  /** Makes a command do `act`, whose answer is the exit status (nothing: 0). */
  perform<O extends OptionValues>(command: Command, act: (call: Call<O>) => Promise<number | undefined>): void
}

/** One command as it was written. `O` is the shape of its options, as its definition gives them. */
export interface Call<O> {
  readonly invocation: Invocation
  readonly operands: readonly string[]
  readonly options: O
}

/** What every command takes, before or after its name. */
export function addGlobalOptions(command: Command): Command {
  return command
    .optionsGroup('Global options:')
    .option('--runtime <name>', 'Use this runtime and no other (or CAPSTAN_RUNTIME)')
    .option('--plugin <specifier>', 'Add a runtime: a package or a folder (repeatable)', collect)
    .option('--probe-timeout <seconds>', 'Set how long to wait for a runtime to answer (or CAPSTAN_PROBE_TIMEOUT)')
    .option('--debug', 'Show stack traces and causes of errors')
}

/** The global options of a command and of those before it, as they were written. */
export function readGlobalOptions(command: Command): GivenOptions {
  const own = command.opts<Partial<GivenOptions>>()
  const before = command.parent === null ? noGlobalOptions : readGlobalOptions(command.parent)
  return {
    runtime: own.runtime ?? before.runtime,
    plugin: [...before.plugin, ...(own.plugin ?? [])],
    probeTimeout: own.probeTimeout ?? before.probeTimeout,
    debug: own.debug ?? before.debug,
  }
}

/** See {@link GlobalOptions}. */
export interface GivenOptions extends Omit<GlobalOptions, 'probeTimeoutMs'> {
  /** Of `--probe-timeout`: seconds. */
  readonly probeTimeout: string | undefined
}

const noGlobalOptions: GivenOptions = { runtime: undefined, plugin: [], probeTimeout: undefined, debug: false }

/**
 * The limit that `--probe-timeout`, else CAPSTAN_PROBE_TIMEOUT, sets, in milliseconds. `undefined`: neither is given.
 *
 * @throws HostError INVALID_ARGUMENT naming the option or the variable.
 */
export async function findProbeTimeout(
  { probeTimeout }: GivenOptions,
  { CAPSTAN_PROBE_TIMEOUT }: Io['env'],
): Promise<number | undefined> {
  const [text, name] =
    probeTimeout === undefined
      ? [CAPSTAN_PROBE_TIMEOUT || undefined, 'CAPSTAN_PROBE_TIMEOUT']
      : [probeTimeout, '--probe-timeout']
  // Loaded on demand: `--help` and `--version` do without core.
  return text === undefined ? undefined : (await import('@capstan/core')).parseProbeTimeout(text, name)
}

/** Keeps each value of an option that may be repeated. */
export function collect(value: string, values: readonly string[] = []): readonly string[] {
  return [...values, value]
}

/** Examples at the end of a command's help: what is typed, and what it does. */
export function toExamples(examples: Readonly<Record<string, string>>): string {
  const lines = Object.entries(examples).map(([typed, does]) => `  ${typed}\n      ${does}`)
  return `\nExamples:\n${lines.join('\n')}`
}
