import type { ContainerConfig, Mount } from '@capstan/core'
import {
  type ContainerNetwork,
  defaultNetworkId,
  type NetworkJoin,
  ownershipLabelKeys,
  type StringMap,
  type Ulimit,
} from '@capstan/core/plugin'
import { CliError } from '../errors/cli-error.js'
import type { Io } from '../terminal/io.js'
import {
  type HealthOptions,
  parseDevice,
  parseExposedPorts,
  parseGpus,
  parseIpcMode,
  parsePidMode,
  parseRestartPolicy,
  toHealthcheck,
  toLogDriver,
} from './container-settings.js'
import { readEnvironment } from './environment.js'
import { parseKeyValues } from './key-values.js'
import { parseTmpfs, parseVolume } from './mounts.js'
import { parseExtraHosts, parseNetwork, parsePort } from './networking.js'
import { parseBytes, parseNumber, parseSeconds } from './numbers.js'
import { omitUndefined } from './omit-undefined.js'
import { createOptionError } from './option-error.js'

/** The options of `capstan run`, as commander parses them. */
export interface RunCommandOptions extends HealthOptions {
  readonly interactive?: boolean
  readonly tty?: boolean
  readonly detach?: boolean
  readonly rm?: boolean
  readonly env?: readonly string[]
  readonly envFile?: readonly string[]
  readonly volume?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly publish?: readonly string[]
  readonly workdir?: string
  readonly user?: string
  readonly groupAdd?: readonly string[]
  readonly name?: string
  readonly hostname?: string
  readonly entrypoint?: string
  readonly label?: readonly string[]
  readonly network?: readonly string[]
  readonly networkAlias?: readonly string[]
  readonly ip?: string
  readonly dns?: readonly string[]
  readonly addHost?: readonly string[]
  readonly memory?: string
  readonly cpus?: string
  readonly pidsLimit?: string
  readonly ulimit?: readonly string[]
  readonly restart?: string
  readonly gpus?: string
  readonly ociRuntime?: string
  readonly shmSize?: string
  readonly expose?: readonly string[]
  readonly device?: readonly string[]
  readonly ipc?: string
  readonly pid?: string
  readonly logDriver?: string
  readonly logOpt?: readonly string[]
  readonly readOnly?: boolean
  readonly privileged?: boolean
  readonly capAdd?: readonly string[]
  readonly capDrop?: readonly string[]
  readonly securityOpt?: readonly string[]
  readonly init?: boolean
  readonly stopSignal?: string
  readonly stopTimeout?: string
  readonly detachKeys?: string
  readonly pull: 'missing' | 'never' | 'always'
  readonly platform?: string
  readonly buildkit?: boolean
}

/**
 * Converts the options of `run` into the config of a container. `networkId` of a network is the name or ID that the user
 * gave; `run` replaces names by IDs.
 *
 * @throws HostError INVALID_ARGUMENT naming the option; CliError for a conflict of options or a file that cannot be read.
 */
export async function toRunConfig(
  { image, command, options }: RunRequest,
  io: Pick<Io, 'env' | 'cwd'>,
): Promise<ContainerConfig> {
  const { entrypoint, memory, cpus, pidsLimit, volume = [], tmpfs = [], shmSize, restart, gpus, ipc, pid } = options
  if (options.rm && restart !== undefined && restart !== 'no') throw new CliError('--restart cannot be used with --rm')
  const env = await readEnvironment(options, io)
  const network = toNetwork(options)
  const fields = omitUndefined<Omit<ContainerConfig, 'image'>>({
    command: orUndefined(command),
    entrypoint: entrypoint === undefined ? undefined : entrypoint === '' ? [] : [entrypoint],
    interactive: options.interactive,
    tty: options.tty,
    autoRemove: options.rm,
    init: options.init,
    stopSignal: options.stopSignal,
    name: options.name,
    hostname: options.hostname,
    env: orUndefined(env),
    workingDirectory: options.workdir,
    user: options.user,
    groupAdd: options.groupAdd,
    labels: toLabels(options),
    pull: options.pull === 'never' ? 'never' : undefined,
    platform: options.platform,
    mounts: orUndefined([...volume.map((text) => toPersistent(parseVolume(text, io.cwd))), ...tmpfs.map(parseTmpfs)]),
    readOnlyRootFilesystem: options.readOnly,
    network,
    ports: toPorts(options, network),
    dns: options.dns,
    extraHosts: orUndefined(parseExtraHosts(options.addHost)),
    memoryBytes: memory === undefined ? undefined : parseBytes(memory, '--memory'),
    cpus: cpus === undefined ? undefined : parseNumber(cpus, { option: '--cpus' }),
    pidsLimit: pidsLimit === undefined ? undefined : parseNumber(pidsLimit, { option: '--pids-limit', integer: true }),
    ulimits: options.ulimit?.map(parseUlimit),
    shmSizeBytes: shmSize === undefined ? undefined : parseBytes(shmSize, '--shm-size'),
    restartPolicy: restart === undefined ? undefined : parseRestartPolicy(restart),
    healthcheck: toHealthcheck(options),
    exposedPorts: options.expose?.flatMap(parseExposedPorts),
    devices: options.device?.map(parseDevice),
    gpus: gpus === undefined ? undefined : parseGpus(gpus),
    ociRuntime: options.ociRuntime,
    ipcMode: ipc === undefined ? undefined : parseIpcMode(ipc),
    pidMode: pid === undefined ? undefined : parsePidMode(pid),
    logDriver: toLogDriver(options.logDriver, options.logOpt),
    privileged: options.privileged,
    capAdd: options.capAdd,
    capDrop: options.capDrop,
    securityOptions: options.securityOpt,
  })
  return { image, ...fields }
}

export interface RunRequest {
  readonly image: string
  readonly command: readonly string[]
  readonly options: RunCommandOptions
}

/** Returns the time between the stop signal and the kill; `undefined` without `--stop-timeout`. */
export function toGraceMs({ stopTimeout }: RunCommandOptions): number | undefined {
  return stopTimeout === undefined ? undefined : parseSeconds(stopTimeout, '--stop-timeout')
}

/**
 * A container that remains after this command is persistent, so that no sweep removes it. One with `--rm` that the user may
 * detach from is a lease: a sweep keeps it while it runs.
 */
function toLabels({ label = [], rm, detach, ...options }: RunCommandOptions): StringMap | undefined {
  const given = parseKeyValues(label, { option: '--label' })
  const { lifetime } = ownershipLabelKeys
  if (rm !== true || detach === true) return { [lifetime]: 'persistent', ...given }
  return orUndefined(isDetachable(options) ? { [lifetime]: 'lease', ...given } : given)
}

/** Whether keys leave the terminal of the container while it continues. */
function isDetachable({
  interactive,
  tty,
  detachKeys,
}: Pick<RunCommandOptions, 'interactive' | 'tty' | 'detachKeys'>): boolean {
  return interactive === true && tty === true && detachKeys !== ''
}

/** As in docker, a named volume remains after the command, even if `--rm` removes the container. */
export function toPersistent(mount: Mount): Mount {
  return mount.type === 'volume' ? { ...mount, labels: { [ownershipLabelKeys.lifetime]: 'persistent' } } : mount
}

function toPorts({ publish = [] }: RunCommandOptions, network: ContainerNetwork | undefined) {
  const ports = publish.map(parsePort)
  if (ports.length > 0 && (network?.mode === 'none' || network?.mode === 'host' || network?.mode === 'container'))
    throw new CliError(`--publish cannot be used with --network ${network.mode}`)
  return orUndefined(ports)
}

function toNetwork({ network = [], networkAlias: aliases, ip }: RunCommandOptions): ContainerNetwork | undefined {
  const [first, ...others] = network.map((text) => ({ text, parsed: parseNetwork(text) }))
  if (ip !== undefined && (first === undefined || 'mode' in first.parsed || others.length > 0))
    throw new CliError('--ip needs one --network with the name or ID of a network')
  if (first === undefined) return aliases === undefined ? undefined : rejectAliases()
  if ('mode' in first.parsed && others.length === 0) {
    return aliases === undefined || first.parsed.mode === 'default' ? first.parsed : rejectAliases()
  }
  const join = ({ text, parsed }: typeof first): NetworkJoin => {
    // The default network has no names.
    if ('mode' in parsed && parsed.mode === 'default') return { networkId: defaultNetworkId }
    if ('mode' in parsed) throw createOptionError('--network', 'the name or ID of a network if it is repeated', text)
    return { networkId: parsed.name, ...omitUndefined({ aliases, ipAddress: ip }) }
  }
  return { mode: 'networks', networks: [join(first), ...others.map(join)] }
}

function rejectAliases(): never {
  throw new CliError('--network-alias needs a --network with the name or ID of a network')
}

/**
 * Parses `NAME=SOFT[:HARD]`. A single number is both limits; -1 is unlimited.
 *
 * @throws HostError INVALID_ARGUMENT for any other text.
 */
export function parseUlimit(text: string): Ulimit {
  const [, name = '', soft = '', hard = soft] = /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text) ?? []
  if (name === '') throw createOptionError('--ulimit', 'NAME=SOFT[:HARD]', text)
  return { name, soft: Number(soft), hard: Number(hard) }
}

/** Returns `undefined` for an empty list or object. */
function orUndefined<T extends object>(value: T): T | undefined {
  return Object.keys(value).length === 0 ? undefined : value
}
