import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProbeResult, ProbeStep } from '@capstan/core'
import type { AppleDetails } from '../apple-details.js'
import { toErrorText } from '../apple-errors.js'
import type { ApplePluginOptions } from '../apple-plugin-options.js'
import type { AppleCli, CliCall } from '../cli/apple-cli.js'
import { parseNetworks } from '../output/networks.js'
import { parseSystemStatus, parseVersion, type SystemStatus } from '../output/system-status.js'
import { type Claims, toClaims } from './absent.js'
import { FailedProbe } from './failed-probe.js'
import { type Commands, findCommands } from './find-abilities.js'
import { findTerminalRefusal } from './find-terminal.js'
import { listRefused } from './refused-options.js'

type Findings = Omit<Extract<ProbeResult<AppleDetails>, { readonly available: true }>, 'available' | 'attempts'>

/** Asks a command line that is there for all that the report tells. Throws {@link FailedProbe} where it does not serve. */
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
  const refuses = listRefused({
    hasCapabilities,
    hasUlimits: create('ulimit'),
    hasInit: create('init'),
    hasReadOnly: create('read-only'),
    hasNetworks: commands.hasCommand('network'),
    hasNoNetwork: !/^(0|1\.0)\./.test(version), // No option tells: it is one value of `--network`.
    hasVolumes,
    hasBuildDns: commands.hasOption(['build'], 'dns'),
    noTerminal,
  })
  const details: AppleDetails = {
    command: cli.command,
    version,
    refuses,
    hasNetworkCommand: commands.hasCommand('network'),
    canNetwork: claims.provides.some(({ id }) => id === 'network-manager'),
    canFirewall: hasCapabilities,
    canVolume: hasVolumes,
    hasPullProgress: commands.hasOption(['image', 'pull'], 'progress'),
  }
  const notes = await listNotes({ version, status, commands, claims })
  return { version, endpoint: cli.command, details, ...claims, refuses, notes }
}

export interface AskOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly reached: Reached
}

/** How far the probe has come: the command itself (`version`), or the service behind it. */
export interface Reached {
  step: ProbeStep
}

async function askVersion(cli: AppleCli, call: CliCall): Promise<string> {
  const { exitCode, stdout, stderr } = await cli.run(['--version'], call)
  const version = exitCode === 0 ? parseVersion(stdout.toString('utf8')) : undefined
  if (version !== undefined) return version
  const message = `its --version is not that of Apple's container: ${toErrorText(stderr) || stdout.toString('utf8').trim().slice(0, 200)}`
  throw new FailedProbe({
    step: 'version',
    code: 'PROTOCOL_ERROR',
    message,
    remedy: 'give the path of the right one: applePlugin({ command })',
  })
}

/** Before 0.5 the group had another name, and much was different. */
function requireImages(commands: Commands, version: string): void {
  if (commands.hasCommand('image', 'pull')) return
  const message = `version ${version} has no command \`image\`: it is too old`
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

/** Printed with exit code 1 as well. Releases before 0.10 know no format: then the exit code is all there is. */
async function readStatus(cli: AppleCli, { hasFormat, call }: StatusQuestion): Promise<SystemStatus> {
  if (hasFormat) return parseSystemStatus((await cli.run(['system', 'status', '--format', 'json'], call)).stdout)
  const { exitCode } = await cli.run(['system', 'status'], call)
  return { isRunning: exitCode === 0, version: undefined, appRoot: undefined }
}

interface NetworkQuestion {
  readonly managers: 'none' | 'probe'
  readonly call: CliCall
}

/** The command tells by having the group at all; whether it works, the group itself. */
async function findNoNetworks(cli: AppleCli, commands: Commands, { managers, call }: NetworkQuestion) {
  if (managers === 'none') return undefined
  const remedy = 'update macOS to 26 or newer'
  if (!commands.hasCommand('network')) return { reason: 'the command has no networks on this macOS', remedy }
  const { exitCode, stdout, stderr } = await cli.run(['network', 'list', '--format', 'json'], call)
  if (exitCode !== 0) return { reason: `its networks do not work: ${toErrorText(stderr)}`, remedy }
  parseNetworks('probe', stdout)
  return undefined
}

interface Noted {
  readonly version: string
  readonly status: SystemStatus
  readonly commands: Commands
  readonly claims: Claims
}

async function listNotes({ version, status, commands }: Noted): Promise<readonly string[]> {
  const service = status.version
  return [
    ...(service === undefined || service === version
      ? []
      : [`the command is ${version} and its service ${service}: restart that by container system stop, then start`]),
    ...(commands.hasCommand('network') ? [] : ['networks other than the default one need macOS 26']),
    ...((await lacksKernel(status)) ? ['no kernel is configured: container system kernel set --recommended'] : []),
    ...(/^(0\.([6-9]|1[0-2])|1\.[0-2])\./.test(version) ? [] : [`version ${version} was not tried`]),
  ]
}

const update = 'update it from https://github.com/apple/container/releases'

/** Without one nothing starts. It lies in a folder of the service; where that is not to be seen, nothing is said. */
async function lacksKernel({ appRoot = '' }: SystemStatus): Promise<boolean> {
  if (appRoot === '') return false
  const names = await readdir(join(appRoot, 'kernels')).catch(() => undefined)
  return names !== undefined && !names.some((name) => name.startsWith('default.kernel'))
}
