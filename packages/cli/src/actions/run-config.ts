import {
  type ContainerConfig,
  type ContainerNetwork,
  type Mount,
  ownershipLabelKeys,
  type StringMap,
} from '@capstan/core'
import type { RunOptions } from '../commands/run.js'
import type { Io } from '../io.js'
import { parseBytes } from '../parse/bytes.js'
import { parseExtraHost } from '../parse/extra-host.js'
import { invalidOption } from '../parse/invalid-option.js'
import { parseKeyValues } from '../parse/key-value.js'
import { parseNetwork } from '../parse/network.js'
import { parseNumber } from '../parse/number.js'
import { parsePort } from '../parse/port.js'
import { parseSeconds } from '../parse/seconds.js'
import { parseTmpfs } from '../parse/tmpfs.js'
import { parseUlimit } from '../parse/ulimit.js'
import { parseVolume } from '../parse/volume.js'
import { withoutUndefined } from '../parse/without-undefined.js'
import { readEnvironment } from './environment.js'

/**
 * The config that the options of `run` ask for; networks by the names that were given.
 *
 * @throws HostError INVALID_ARGUMENT naming the option; UsageError for a file that cannot be read.
 */
export async function toRunConfig(
  { image, command, options }: RunRequest,
  io: Pick<Io, 'env' | 'cwd'>,
): Promise<ContainerConfig> {
  const fields = withoutUndefined<Omit<ContainerConfig, 'image'>>({
    command: command.length === 0 ? undefined : command,
    ...toProcess(options),
    env: orUndefined(await readEnvironment(options, io)),
    labels: toLabels(options),
    mounts: orUndefined([
      ...(options.volume ?? []).map((text) => toKept(parseVolume(text, io.cwd))),
      ...(options.tmpfs ?? []).map(parseTmpfs),
    ]),
    ...toNetworking(options),
    ...toLimits(options),
    ...toRights(options),
  })
  return { image, ...fields }
}

export interface RunRequest {
  readonly image: string
  readonly command: readonly string[]
  readonly options: RunOptions
}

/** How long a container has between the polite signal and the end, when `--stop-timeout` says it. */
export function toGraceMs({ stopTimeout }: RunOptions): number | undefined {
  return stopTimeout === undefined ? undefined : parseSeconds(stopTimeout, '--stop-timeout')
}

type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined }

function toProcess(options: RunOptions): Loose<ContainerConfig> {
  const { entrypoint } = options
  return {
    entrypoint: entrypoint === undefined ? undefined : entrypoint === '' ? [] : [entrypoint],
    interactive: options.interactive,
    tty: options.tty,
    autoRemove: options.rm,
    init: options.init,
    stopSignal: options.stopSignal,
    name: options.name,
    hostname: options.hostname,
    workingDirectory: options.workdir,
    user: options.user,
    groupAdd: options.groupAdd,
    platform: options.platform,
    pull: options.pull === 'never' ? 'never' : undefined,
  }
}

/** What stays when this command has ended is not left behind: no sweep takes it. */
function toLabels({ label = [], rm, detach }: RunOptions): StringMap | undefined {
  const given = parseKeyValues(label, { option: '--label', bare: () => '' })
  const stays = rm !== true || detach === true
  return orUndefined(stays ? { [ownershipLabelKeys.lifetime]: 'persistent', ...given } : given)
}

/** As with docker, a named volume persists after the command, even if `--rm` removes the container. */
function toKept(mount: Mount): Mount {
  return mount.type === 'volume' ? { ...mount, labels: { [ownershipLabelKeys.lifetime]: 'persistent' } } : mount
}

function toNetworking(options: RunOptions): Loose<ContainerConfig> {
  const { publish = [], dns, addHost = [] } = options
  const [network, ports] = [toNetwork(options), publish.map(parsePort)]
  if (ports.length > 0 && (network?.mode === 'none' || network?.mode === 'host'))
    throw invalidOption('--publish', `absent with --network ${network.mode}`, publish.join(', '))
  return {
    network,
    ports: orUndefined(ports),
    dns,
    extraHosts: orUndefined(toExtraHosts(addHost)),
  }
}

/** The contract has one address per name, docker's client several: a second address is refused instead of dropped. */
function toExtraHosts(texts: readonly string[]): StringMap {
  const hosts = new Map<string, string>()
  for (const text of texts) {
    const [name, address] = parseExtraHost(text)
    if ((hosts.get(name) ?? address) !== address) throw invalidOption('--add-host', 'given once for each name', text)
    hosts.set(name, address)
  }
  return Object.fromEntries(hosts)
}

function toNetwork({ network = [], networkAlias: aliases }: RunOptions): ContainerNetwork | undefined {
  const [first, ...others] = network.map((text) => ({ text, parsed: parseNetwork(text) }))
  if (first === undefined) return aliases === undefined ? undefined : refuseAlias(aliases)
  if ('mode' in first.parsed && others.length === 0) {
    return aliases === undefined || first.parsed.mode === 'default' ? first.parsed : refuseAlias(aliases)
  }
  const join = ({ text, parsed }: typeof first) => {
    if ('mode' in parsed) throw invalidOption('--network', 'given once when it is a mode', text)
    return aliases === undefined ? { networkId: parsed.name } : { networkId: parsed.name, aliases }
  }
  return { mode: 'networks', networks: [join(first), ...others.map(join)] }
}

function refuseAlias(aliases: readonly string[]): never {
  throw invalidOption('--network-alias', 'given with a --network that has a name', aliases.join(', '))
}

function toLimits({ memory, cpus, pidsLimit, ulimit }: RunOptions): Loose<ContainerConfig> {
  return {
    memoryBytes: memory === undefined ? undefined : parseBytes(memory, '--memory'),
    cpus: cpus === undefined ? undefined : parseNumber(cpus, { option: '--cpus' }),
    pidsLimit: pidsLimit === undefined ? undefined : parseNumber(pidsLimit, { option: '--pids-limit', integer: true }),
    ulimits: ulimit?.map(parseUlimit),
  }
}

function toRights(options: RunOptions): Loose<ContainerConfig> {
  return {
    privileged: options.privileged,
    readOnlyRootFilesystem: options.readOnly,
    capAdd: options.capAdd,
    capDrop: options.capDrop,
    securityOptions: options.securityOpt,
  }
}

function orUndefined<T extends object>(value: T): T | undefined {
  return Object.keys(value).length === 0 ? undefined : value
}
