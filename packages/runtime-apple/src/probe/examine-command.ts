import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProbeResult, ProbeStep, UnsupportedOption } from '@capstan/core/plugin'
import type { AppleDetails } from '../apple-details.js'
import { toErrorText } from '../apple-errors.js'
import type { ApplePluginOptions } from '../apple-plugin-options.js'
import type { AppleCli, CliCall } from '../cli/apple-cli.js'
import { loadTerminalLibrary } from '../cli/terminal-library.js'
import { parseNetworks } from '../networks/parse-networks.js'
import { type AbsenceReason, hasStats, listCapabilities } from './capabilities.js'
import { type Commands, findCommands, hasOption } from './commands.js'
import { ProbeFailureError } from './probe-failure.js'
import { parseSystemStatus, parseVersion, type SystemStatus } from './system-status.js'
import { listUnsupportedOptions } from './unsupported-options.js'

type Findings = Omit<Extract<ProbeResult<AppleDetails>, { readonly available: true }>, 'available' | 'attempts'>

/** Runs the command to find the facts of the report. Throws {@link ProbeFailureError} if it cannot be used. */
export async function examineCommand(
  cli: AppleCli,
  { networks = 'off', system = 'require' }: ApplePluginOptions,
  { signal, timeoutMs, reached }: ExamineOptions,
): Promise<Findings> {
  const call: CliCall = { operation: 'probe', subject: cli.command, signal, timeoutMs }
  const [version, commands, noTerminal] = await Promise.all([
    readVersion(cli, call),
    findCommands(cli, call),
    findNoTerminal(),
  ])
  requireImageCommands(commands, version)
  reached.step = 'service'
  const status = await requireService(cli, { system, hasFormat: hasOption(commands, 'system status', 'format'), call })
  const noNetworks = networks === 'off' ? notRequested : await findNoNetworks(cli, commands, call)
  const capabilities = listCapabilities(commands, noNetworks)
  const unsupportedOptions = listUnsupportedOptions({ commands, version, noTerminal })
  const details: AppleDetails = {
    command: cli.command,
    version,
    unsupportedOptions,
    hasNetworkCommand: commands.has('network'),
    hasNetworks: noNetworks === undefined,
    hasFirewalls: hasOption(commands, 'create', 'cap-add'),
    hasVolumes: commands.has('volume'),
    hasStats: hasStats(commands),
    hasPullProgress: hasOption(commands, 'image pull', 'progress'),
  }
  const notes = await listNotes({ version, status, commands })
  const location = 'virtual-machine'
  return { version, endpoint: cli.command, location, details, ...capabilities, unsupportedOptions, notes }
}

const notRequested: AbsenceReason = {
  reason: "applePlugin() registers the runtime without it unless `networks` is 'if-available'",
  remedy: "create the plugin with applePlugin({ networks: 'if-available' })",
}

export interface ExamineOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly reached: Reached
}

/** The step that the probe has reached: the command itself (`version`), or the service behind it. */
export interface Reached {
  step: ProbeStep
}

async function readVersion(cli: AppleCli, call: CliCall): Promise<string> {
  const { exitCode, stdout, stderr } = await cli.run(['--version'], call)
  const version = exitCode === 0 ? parseVersion(stdout.toString('utf8')) : undefined
  if (version !== undefined) return version
  const text = toErrorText(stderr) || stdout.toString('utf8').trim().slice(0, 200)
  const message = `the output of --version is not that of Apple's container: ${text}`
  const remedy = 'set the path of the right one: applePlugin({ command })'
  throw new ProbeFailureError({ step: 'version', cause: { code: 'PROTOCOL_ERROR', message }, remedy })
}

/** Releases before 0.5 name the group `images` instead of `image`, and differ in other ways, so they are rejected. */
function requireImageCommands(commands: Commands, version: string): void {
  if (commands.has('image pull')) return
  const message = `version ${version} has no command \`image\` and is too old`
  throw new ProbeFailureError({ step: 'version', cause: { code: 'TOO_OLD', message }, remedy: update })
}

interface StatusOptions {
  readonly system: 'require' | 'start'
  readonly hasFormat: boolean
  readonly call: CliCall
}

async function requireService(cli: AppleCli, options: StatusOptions): Promise<SystemStatus> {
  const status = await readStatus(cli, options)
  if (status.isRunning) return status
  if (options.system === 'require') {
    throw toStopped('the service of the command is not running', 'start it: container system start')
  }
  const { exitCode, stderr } = await cli.run(['system', 'start', '--enable-kernel-install'], options.call)
  const started = await readStatus(cli, options)
  if (started.isRunning) return started
  const message = `the service does not start (exit code ${exitCode}): ${toErrorText(stderr)}`
  throw toStopped(message, 'run `container system start` at a terminal')
}

function toStopped(message: string, remedy: string): Error {
  return new ProbeFailureError({ step: 'service', cause: { code: 'SERVICE_STOPPED', message }, remedy })
}

/** The status is printed also with exit code 1. Releases before 0.10 have no `--format`, and only the exit code can be used. */
async function readStatus(cli: AppleCli, { hasFormat, call }: StatusOptions): Promise<SystemStatus> {
  if (hasFormat) return parseSystemStatus((await cli.run(['system', 'status', '--format', 'json'], call)).stdout)
  const { exitCode } = await cli.run(['system', 'status'], call)
  return { isRunning: exitCode === 0, version: undefined, appRoot: undefined }
}

/** Why there are no networks: the command has no `network` group on macOS 15, and the group may fail. */
async function findNoNetworks(cli: AppleCli, commands: Commands, call: CliCall): Promise<AbsenceReason | undefined> {
  const update = 'update macOS to 26 or newer'
  if (!commands.has('network')) return { reason: 'the command has no networks on this macOS', remedy: update }
  const { exitCode, stdout, stderr } = await cli.run(['network', 'list', '--format', 'json'], call)
  const remedy = 'try `container network list` at a terminal'
  if (exitCode !== 0) return { reason: `\`container network list\` failed: ${toErrorText(stderr)}`, remedy }
  parseNetworks('probe', stdout)
  return undefined
}

interface NoteInput {
  readonly version: string
  readonly status: SystemStatus
  readonly commands: Commands
}

async function listNotes({ version, status, commands }: NoteInput): Promise<readonly string[]> {
  const service = status.version
  return [
    ...(service === undefined || service === version
      ? []
      : [
          `the command is ${version} and its service ${service}: restart the service with container system stop, then start`,
        ]),
    ...(commands.has('network') ? [] : ['networks other than the default one need macOS 26']),
    ...((await lacksKernel(status)) ? ['no kernel is configured: container system kernel set --recommended'] : []),
    ...(/^(0\.12|1\.[0-2])\./.test(version) ? [] : [`version ${version} is not tested`]),
  ]
}

const update = 'update it from https://github.com/apple/container/releases'

/** Without a kernel no container starts. Looks into the service's folder; false if the folder cannot be read. */
async function lacksKernel({ appRoot = '' }: SystemStatus): Promise<boolean> {
  if (appRoot === '') return false
  const names = await readdir(join(appRoot, 'kernels')).catch(() => undefined)
  return names !== undefined && !names.some((name) => name.startsWith('default.kernel'))
}

/** Why no container can have a terminal here. `undefined` if it can. */
async function findNoTerminal(): Promise<UnsupportedOption | undefined> {
  if ((await loadTerminalLibrary()) !== undefined) return undefined
  const reason = 'the command needs a terminal of its own, and the library for it is not installed'
  return { field: 'tty', reason, remedy: 'install the package @lydell/node-pty beside @capstan/runtime-apple' }
}
