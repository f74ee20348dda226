import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  type ConformanceReport,
  conformanceCases,
  hasUnhandled,
  type RunConformanceOptions,
  runConformance,
} from '@capstan/conformance'
import type { Command } from 'commander'
import { CliError, toFileError } from '../errors/cli-error.js'
import type { Invocation } from '../host/invocation.js'
import { loadGivenPlugins, loadPluginSource } from '../host/open-host.js'
import { findNamedRuntime } from '../host/runtime-choice.js'
import { collect, toExamples } from '../options/command-definition.js'
import type { GlobalOptions } from '../options/global-options.js'
import { parseKeyValues } from '../options/key-values.js'
import { parseNumber, parseSeconds } from '../options/numbers.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { requireWritableFile } from '../options/output-file.js'
import { createConformanceDisplay } from '../render/conformance-display.js'
import { toConformancePage } from '../render/conformance-page.js'
import { toPageStyle } from '../render/page.js'
import { wrapText } from '../render/text.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Io } from '../terminal/io.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan conformance`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Tests whether a runtime plugin does what the contract requires. What it provides must work; what it does not ' +
        'provide must be absent with a reason, and an unsupported option must be rejected with a reason. Select the ' +
        'plugin by --plugin or --runtime. Exit status 1 when a case fails or the runtime cannot be closed, 3 when the ' +
        'plugin throws an uncaught error, leaves a rejection unhandled or exits the process.',
    )
    .option('--image <image>', 'Use this local image, which must contain busybox', 'busybox:latest')
    .option('--firewall-image <image>', 'Use this image with iptables in firewall cases (default: --image)')
    .option('--only <ids>', 'Run these cases or groups, such as NET,RT-017 (repeatable)', collect)
    .option(
      '--unavailable-env <key=value>',
      'Set a variable, such as DOCKER_HOST, with which the plugin finds no runtime, for the cases that need this (repeatable)',
      collect,
    )
    .option('--timeout <seconds>', 'Limit the time of a case; raise it on a busy machine (default: 20)')
    .option('--concurrency <number>', 'Run this number of cases in parallel (default: 4)')
    .option('--report <file>', 'Write the report to a file, as JSON')
    .option('--json', 'Print the report as one JSON document')
    .addHelpText(
      'after',
      toExamples({
        'capstan conformance --plugin ./my-runtime --report report.json': 'Run all cases, and write a report',
        'capstan conformance --runtime memory --only NET': 'Run the cases of networks on the simulation',
      }),
    )
  setAction<ConformanceOptions>(command, conformance)
}

interface ConformanceOptions {
  readonly image: string
  readonly firewallImage?: string
  readonly only?: readonly string[]
  readonly unavailableEnv?: readonly string[]
  readonly timeout?: string
  readonly concurrency?: string
  readonly report?: string
  readonly json?: boolean
}

async function conformance({ invocation, options }: Call<ConformanceOptions>): Promise<number> {
  const { io, interrupts, globals } = invocation
  const kitOptions = toKitOptions(options)
  if (conformanceCases(kitOptions).length === 0)
    throw new CliError(`no case matches ${options.only?.join(',')}\n${wrapText(`groups: ${listGroups()}`, 160)}`)
  const reportFile = options.report === undefined ? undefined : await prepareReportFile(options.report, io)
  const tested = await findTestedPlugin(invocation)
  const report = await runCases({ ...tested, ...kitOptions, env: toEnv(io, globals), signal: interrupts.signal }, io)
  await reportFile?.write(`${JSON.stringify(report, undefined, 2)}\n`)
  await writeOutput(io.stdout, options.json ? toJson(report) : toConformancePage(report, toPageStyle(io)), interrupts)
  const exitCode = toReportCode(report)
  scheduleExit(io, exitCode)
  return exitCode
}

async function runCases(options: RunConformanceOptions, { stderr }: Io): Promise<ConformanceReport> {
  using display = createConformanceDisplay(stderr, conformanceCases(options).length)
  return await runConformance({ ...options, onResult: display.onResult })
}

type KitOptions = Omit<RunConformanceOptions, 'plugin' | 'specifier'>

function toKitOptions(options: ConformanceOptions): KitOptions {
  const { image, firewallImage, only, unavailableEnv, timeout, concurrency } = options
  return {
    image,
    ...omitUndefined({
      firewallImage,
      only: only?.flatMap((ids) => ids.split(',').map((id) => id.trim())),
      unavailableEnv: unavailableEnv && parseKeyValues(unavailableEnv, { option: '--unavailable-env' }),
      timeoutMs: timeout === undefined ? undefined : parseSeconds(timeout, '--timeout'),
      concurrency:
        concurrency === undefined ? undefined : parseNumber(concurrency, { option: '--concurrency', integer: true }),
    }),
  }
}

function listGroups(): string {
  return [...new Set(conformanceCases().map(({ id }) => id.slice(0, id.indexOf('-'))))].join(', ')
}

/** Checks, before the cases run, that the report can be written. Returns a writer. */
async function prepareReportFile(path: string, { cwd }: Pick<Io, 'cwd'>) {
  const file = resolve(cwd, path)
  const problem = `the report ${path} cannot be written`
  await requireWritableFile(file, problem)
  const fail = (cause: unknown) => {
    throw toFileError(problem, cause)
  }
  return { write: async (text: string) => await writeFile(file, text).catch(fail) }
}

/**
 * Returns the plugin that `--runtime` names, else the only one of `--plugin`, else the one that CAPSTAN_RUNTIME names.
 *
 * @throws CliError if there is none, or more than one.
 */
async function findTestedPlugin(invocation: Invocation): Promise<Pick<RunConformanceOptions, 'plugin' | 'specifier'>> {
  const { globals } = invocation
  const given = (await loadGivenPlugins(invocation)).map((plugin, index) => {
    const specifier = globals.plugin[index]
    return specifier === undefined ? { plugin } : { plugin, specifier }
  })
  const [only, ...others] = given
  if (globals.runtime === undefined && only !== undefined) {
    if (others.length === 0) return only
    throw new CliError('only one plugin can be tested at a time', { remedies: ['use one --plugin, or --runtime'] })
  }
  const name = findNamedRuntime(invocation)
  if (name === undefined)
    throw new CliError('no plugin is selected', { remedies: ['use --plugin for a package, or --runtime for a name'] })
  const all = [...given, ...(await loadPluginSource(invocation)).map((plugin) => ({ plugin }))]
  const found = all.find(({ plugin }) => plugin.name === name)
  if (found !== undefined) return found
  const known = [...new Set(all.map(({ plugin }) => plugin.name))].join(', ')
  throw new CliError(`no plugin is named "${name}"\nknown: ${known}`, { remedies: ['`--plugin PACKAGE` adds one'] })
}

/** Sets the probe timeout in the environment, since some cases create a host in another process. */
function toEnv({ env }: Io, { probeTimeoutMs }: GlobalOptions): Io['env'] {
  return probeTimeoutMs === undefined ? env : { ...env, CAPSTAN_PROBE_TIMEOUT: String(probeTimeoutMs / 1000) }
}

/**
 * 3: the plugin threw an uncaught error, left a rejection unhandled, or called `process.exit`. 1: a case failed, or the runtime
 * could not be closed.
 */
function toReportCode(report: ConformanceReport): number {
  if (hasUnhandled(report)) return 3
  return report.counts.failed > 0 || report.outside !== undefined ? 1 : 0
}

/** Exits after a second if the plugin keeps the process alive. An error that it throws until then does not change the code. */
function scheduleExit(io: Io, exitCode: number): void {
  const exit = () => io.exit(exitCode)
  process.once('uncaughtException', exit).once('unhandledRejection', exit)
  setTimeout(() => {
    process.off('uncaughtException', exit).off('unhandledRejection', exit)
    exit()
  }, 1000).unref()
}
