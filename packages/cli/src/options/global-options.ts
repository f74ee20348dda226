import type { Command } from 'commander'
import { CliError } from '../errors/cli-error.js'
import type { Io } from '../terminal/io.js'
import { collect } from './command-definition.js'

/** The global options of one command line. */
export interface GlobalOptions {
  /**
   * `--runtime`, or `docker` with `--context`. `undefined`: CAPSTAN_RUNTIME, else the first runtime that meets the requirements of
   * the command.
   */
  readonly runtime: string | undefined
  /** `--context`. `undefined`: the context of docker that the environment selects. */
  readonly context: string | undefined
  /** The values of `--plugin`. */
  readonly plugin: readonly string[]
  /** `--probe-timeout`, else CAPSTAN_PROBE_TIMEOUT. `undefined`: the default of each runtime. */
  readonly probeTimeoutMs: number | undefined
  readonly debug: boolean
}

/** Adds the options that every command accepts, before or after its name. */
export function addGlobalOptions(command: Command): Command {
  return command
    .optionsGroup('Global options:')
    .option('--runtime <name>', 'Use this runtime and no other (or CAPSTAN_RUNTIME)')
    .option('--context <name>', 'Use runtime docker with this context of docker')
    .option('--plugin <specifier>', 'Add a runtime: a package or a folder (repeatable)', collect)
    .option('--probe-timeout <seconds>', 'Set how long to wait for a runtime to answer (or CAPSTAN_PROBE_TIMEOUT)')
    .option('--debug', 'Show stack traces and causes of errors')
}

/**
 * Reads the global options of a command and of its parents.
 *
 * @throws CliError for `--context` with a runtime that has no contexts
 */
export function readGlobalOptions(command: Command): GivenOptions {
  const given = readGiven(command)
  return { ...given, runtime: toRuntime(given) }
}

/** Returns the runtime of `--runtime` and `--context`. Only runtime `docker` has contexts. */
export function toRuntime({ runtime, context }: Pick<GlobalOptions, 'runtime' | 'context'>): string | undefined {
  if (context === undefined) return runtime
  if (runtime === undefined || runtime === 'docker') return 'docker'
  throw new CliError(`runtime ${runtime} has no contexts`, { remedies: ['use --context without --runtime'] })
}

function readGiven(command: Command): GivenOptions {
  const own = command.opts<Partial<GivenOptions>>()
  const before = command.parent === null ? noGlobalOptions : readGiven(command.parent)
  return {
    runtime: own.runtime ?? before.runtime,
    // As in docker, an empty name selects none.
    context: (own.context ?? before.context) || undefined,
    plugin: [...before.plugin, ...(own.plugin ?? [])],
    probeTimeout: own.probeTimeout ?? before.probeTimeout,
    debug: own.debug ?? before.debug,
  }
}

/** {@link GlobalOptions} before the timeout is parsed. */
export interface GivenOptions extends Omit<GlobalOptions, 'probeTimeoutMs'> {
  /** `--probe-timeout`, in seconds. */
  readonly probeTimeout: string | undefined
}

const noGlobalOptions: GivenOptions = {
  runtime: undefined,
  context: undefined,
  plugin: [],
  probeTimeout: undefined,
  debug: false,
}

/**
 * Returns the milliseconds of `--probe-timeout`, else of CAPSTAN_PROBE_TIMEOUT; `undefined` if neither is set.
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
  // Imported on demand: `--help` and `--version` do not need core.
  return text === undefined ? undefined : (await import('@capstan/core/plugin')).parseSecondsToMs(text, name)
}
