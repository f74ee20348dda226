import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProbeResult, ProbeStep, UnsupportedOption } from '@capstan/core/plugin'
import type { AppleDetails } from '../apple-details.js'
import { toErrorText } from '../apple-errors.js'
import type { ApplePluginOptions } from '../apple-plugin-options.js'
import type { AppleCli, CliCall } from '../cli/apple-cli.js'
import { loadTerminalLibrary } from '../cli/terminal-library.js'
import { parseNetworks } from '../networks/parse-networks.js'
import { type Claims, toClaims } from './absent.js'
import { FailedProbe } from './failed-probe.js'
import { type Commands, findCommands } from './find-abilities.js'
import { parseSystemStatus, parseVersion, type SystemStatus } from './system-status.js'
import { listRefused } from './unsupported-options.js'

type Findings = Omit<Extract<ProbeResult<AppleDetails>, { readonly available: true }>, 'available' | 'attempts'>

/** Collects the facts of the report from the command. Throws {@link FailedProbe} if it cannot be used. */
export async function askCommand(
  cli: AppleCli,
  { managers = 'none', system = 'require' }: ApplePluginOptions,
  { signal, timeoutMs, reached }: AskOptions,
): Promise<Findings> {
  const call: CliCall = { operation: 'probe', subject: cli.command, signal, timeoutMs }
  const [version, commands, noTerminal] = await Promise.all([
    askVersion(cli, call),
    findCommands(cli, call),
    findTerminalRefusal(),
  ])
  requireImages(commands, version)
  const hasFormat = commands.hasOption(['system', 'status'], 'format')
  reached.step = 'service'
  const status = await askStatus(cli, { system, hasFormat, call })
  const noNetworks = await findNoNetworks(cli, commands, { managers, call })
  const hasVolumes = commands.hasCommand('volume')
  const create = (option: string) => commands.hasOption(['create'], option)
  const hasCapabilities = create('cap-add')
  const claims = toClaims({ managers, noNetworks, hasVolumes, hasCapabilities })
  const unsupportedOptions = listRefused({
    hasCapabilities,
    hasUlimits: create('ulimit'),
    hasInit: create('init'),
    hasReadOnly: create('read-only'),
    hasNetworks: commands.hasCommand('network'),
    hasNoNetwork: !/^(0|1\.0)\./.test(version), // `none` is a value of `--network`, which no help text lists.
    hasVolumes,
    hasBuildDns: commands.hasOption(['build'], 'dns'),
    noTerminal,
  })
  const details: AppleDetails = {
    command: cli.command,
    version,
    unsupportedOptions,
    hasNetworkCommand: commands.hasCommand('network'),
    canNetwork: claims.provides.some(({ id }) => id === 'network-manager'),
    canFirewall: hasCapabilities,
    canVolume: hasVolumes,
    hasPullProgress: commands.hasOption(['image', 'pull'], 'progress'),
  }
  const notes = await listNotes({ version, status, commands, claims })
  return { version, endpoint: cli.command, details, ...claims, unsupportedOptions, notes }
}

export interface AskOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly reached: Reached
}

/** The step that the probe has reached: the command itself (`version`), or the service behind it. */
export interface Reached {
  step: ProbeStep
}

async function askVersion(cli: AppleCli, call: CliCall): Promise<string> {
  const { exitCode, stdout, stderr } = await cli.run(['--version'], call)
  const version = exitCode === 0 ? parseVersion(stdout.toString('utf8')) : undefined
  if (version !== undefined) return version
  const message = `its --version output is not that of Apple's container: ${toErrorText(stderr) || stdout.toString('utf8').trim().slice(0, 200)}`
  throw new FailedProbe({
    step: 'version',
    code: 'PROTOCOL_ERROR',
    message,
    remedy: 'set the path of the right one: applePlugin({ command })',
  })
}

/** Releases before 0.5 have another name for this group, and other differences. */
function requireImages(commands: Commands, version: string): void {
  if (commands.hasCommand('image', 'pull')) return
  const message = `version ${version} has no command \`image\` and is too old`
  throw new FailedProbe({ step: 'version', code: 'TOO_OLD', message, remedy: update })
}

interface StatusQuestion {
  readonly system: 'require' | 'start'
  readonly hasFormat: boolean
  readonly call: CliCall
}

async function askStatus(cli: AppleCli, question: StatusQuestion): Promise<SystemStatus> {
  const status = await readStatus(cli, question)
  if (status.isRunning) return status
  if (question.system === 'start') {
    const { exitCode, stderr } = await cli.run(['system', 'start', '--enable-kernel-install'], question.call)
    const started = await readStatus(cli, question)
    if (started.isRunning) return started
    const message = `the service does not start (exit code ${exitCode}): ${toErrorText(stderr)}`
    const remedy = 'run `container system start` at a terminal'
    throw new FailedProbe({ step: 'service', code: 'SERVICE_STOPPED', message, remedy })
  }
  const message = 'the service of the command is not running'
  throw new FailedProbe({
    step: 'service',
    code: 'SERVICE_STOPPED',
    message,
    remedy: 'start it: container system start',
  })
}

/** The status is printed also with exit code 1. Releases before 0.10 have no `--format`, and only the exit code can be used. */
async function readStatus(cli: AppleCli, { hasFormat, call }: StatusQuestion): Promise<SystemStatus> {
  if (hasFormat) return parseSystemStatus((await cli.run(['system', 'status', '--format', 'json'], call)).stdout)
  const { exitCode } = await cli.run(['system', 'status'], call)
  return { isRunning: exitCode === 0, version: undefined, appRoot: undefined }
}

interface NetworkQuestion {
  readonly managers: 'none' | 'probe'
  readonly call: CliCall
}

/** Why there are no networks: the command has no `network` group on macOS 15, and the group may fail. */
async function findNoNetworks(cli: AppleCli, commands: Commands, { managers, call }: NetworkQuestion) {
  if (managers === 'none') return undefined
  const remedy = 'update macOS to 26 or newer'
  if (!commands.hasCommand('network')) return { reason: 'the command has no networks on this macOS', remedy }
  const { exitCode, stdout, stderr } = await cli.run(['network', 'list', '--format', 'json'], call)
  if (exitCode !== 0) return { reason: `its networks do not work: ${toErrorText(stderr)}`, remedy }
  parseNetworks('probe', stdout)
  return undefined
}

interface NoteFacts {
  readonly version: string
  readonly status: SystemStatus
  readonly commands: Commands
  readonly claims: Claims
}

async function listNotes({ version, status, commands }: NoteFacts): Promise<readonly string[]> {
  const service = status.version
  return [
    ...(service === undefined || service === version
      ? []
      : [
          `the command is ${version} and its service ${service}: restart the service with container system stop, then start`,
        ]),
    ...(commands.hasCommand('network') ? [] : ['networks other than the default one need macOS 26']),
    ...((await lacksKernel(status)) ? ['no kernel is configured: container system kernel set --recommended'] : []),
    ...(/^(0\.([6-9]|1[0-2])|1\.[0-2])\./.test(version) ? [] : [`version ${version} is not tested`]),
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
async function findTerminalRefusal(): Promise<UnsupportedOption | undefined> {
  if ((await loadTerminalLibrary()) !== undefined) return undefined
  const reason = 'the command needs a terminal of its own, and the library for it is not installed'
  return { field: 'tty', reason, remedy: 'install the package @lydell/node-pty beside @capstan/runtime-apple' }
}
