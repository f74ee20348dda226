import { isIPv6 } from 'node:net'
import type { ContainerConfig, Mount } from '@capstan/core'
import type { NetworkJoin, StringMap } from '@capstan/core/plugin'
import type { CreateBody, EndpointSettings } from '../engine/docker-api.js'
import { hasFeature } from '../quirks/api-features.js'
import { openSystemPaths } from '../quirks/create-quirks.js'
import { toHealthcheckSettings, toRuntimeSettings } from './create-settings.js'
import { toPortSettings } from './inspection/port-settings.js'

/**
 * Creates the body of `POST /containers/create`. Fields that the config omits are omitted, so that the defaults of the
 * image or the engine apply.
 */
export function toCreateBody(config: ContainerConfig, options: CreateBodyOptions): CreateBody {
  const { labels, apiVersion } = options
  const { interactive = false, tty = false } = config
  const { exposed, bindings } = toPortSettings(config)
  return dropUndefined({
    Image: config.image,
    Cmd: config.command,
    Entrypoint: config.entrypoint,
    WorkingDir: config.workingDirectory,
    Env: config.env && Object.entries(config.env).map(toEnvironmentLine),
    User: config.user,
    Hostname: config.hostname,
    Labels: labels,
    StopSignal: config.stopSignal,
    Tty: tty,
    OpenStdin: interactive,
    // stdin is closed when the first attached client disconnects, so that `wc -c` sees the end of its input.
    StdinOnce: interactive,
    AttachStdin: interactive,
    AttachStdout: true,
    AttachStderr: true,
    Healthcheck: toHealthcheckSettings(config.healthcheck, apiVersion),
    ExposedPorts: exposed,
    HostConfig: dropUndefined({
      ...toHostConfig(config),
      ...toMounts(config.mounts, options),
      PortBindings: bindings,
    }),
    NetworkingConfig: toNetworking(config, apiVersion),
  })
}

export interface CreateBodyOptions {
  readonly labels: StringMap
  readonly apiVersion: string
  /** Returns the labels of a volume that the engine creates. Default: none. */
  readonly toVolumeLabels?: ((mount: VolumeMount) => StringMap) | undefined
}

type VolumeMount = Extract<Mount, { type: 'volume' }>

/**
 * Returns a line of `Env`. A name without a value removes the variable: https://docs.docker.com/reference/api/engine/
 * (ContainerCreate, `Env`).
 */
export function toEnvironmentLine([name, value]: readonly [string, string | null]): string {
  return value === null ? name : `${name}=${value}`
}

/** Returns the networks to connect after the create, for an API version without `severalNetworks`. */
export function toLaterNetworks({ network }: ContainerConfig, apiVersion: string): readonly NetworkJoin[] {
  return network?.mode !== 'networks' || hasFeature(apiVersion, 'severalNetworks') ? [] : network.networks.slice(1)
}

/** Returns the settings of a container in one network. */
export function toEndpointSettings({ aliases = [], ipAddress }: Omit<NetworkJoin, 'networkId'>): EndpointSettings {
  const address =
    ipAddress !== undefined && (isIPv6(ipAddress) ? { IPv6Address: ipAddress } : { IPv4Address: ipAddress })
  return { ...(aliases.length > 0 && { Aliases: aliases }), ...(address && { IPAMConfig: address }) }
}

function toHostConfig(config: ContainerConfig): Readonly<Record<string, unknown>> {
  return {
    NetworkMode: toNetworkMode(config),
    Privileged: config.privileged,
    ReadonlyRootfs: config.readOnlyRootFilesystem,
    CapAdd: config.capAdd,
    CapDrop: config.capDrop,
    ...toSecurity(config.securityOptions),
    GroupAdd: config.groupAdd,
    Dns: config.dns,
    ExtraHosts: config.extraHosts && Object.entries(config.extraHosts).map(([name, address]) => `${name}:${address}`),
    Memory: config.memoryBytes,
    NanoCpus: config.cpus && Math.round(config.cpus * 1e9),
    PidsLimit: config.pidsLimit,
    Ulimits: config.ulimits?.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    Init: config.init,
    AutoRemove: config.autoRemove,
    ...toRuntimeSettings(config),
  }
}

/** Converts `systempaths=unconfined`, which is an option of docker's client and not of the engine, as docker's client does. */
function toSecurity(options: readonly string[] | undefined): Readonly<Record<string, unknown>> {
  if (options?.includes(openSystemPaths) !== true) return { SecurityOpt: options }
  const others = options.filter((option) => option !== openSystemPaths)
  return { SecurityOpt: others, MaskedPaths: [], ReadonlyPaths: [] }
}

function toNetworkMode({ network }: ContainerConfig): string | undefined {
  if (network === undefined || network.mode === 'default') return undefined
  if (network.mode === 'container') return `container:${network.id}`
  return network.mode === 'networks' ? network.networks[0].networkId : network.mode
}

function toNetworking({ network }: ContainerConfig, apiVersion: string): CreateBody['NetworkingConfig'] {
  if (network?.mode !== 'networks') return undefined
  const joined = hasFeature(apiVersion, 'severalNetworks') ? network.networks : network.networks.slice(0, 1)
  return { EndpointsConfig: Object.fromEntries(joined.map((join) => [join.networkId, toEndpointSettings(join)])) }
}

/**
 * Uses `Mounts` because `Binds` would create the missing source of a bind mount as a directory owned by root. Only `Binds` can
 * relabel a source, which is checked before.
 *
 * Before API 1.46 (`tmpfsOptions`) a tmpfs is sent in `Tmpfs`, always with `exec` or `noexec`, because engines differ in
 * the default. From 1.46 on it is sent in `Mounts`, with `exec` if requested, because the default is `noexec`.
 */
function toMounts(mounts: readonly Mount[] = [], { apiVersion, toVolumeLabels }: CreateBodyOptions): object {
  const isText = (mount: Mount) => mount.type === 'tmpfs' && !hasFeature(apiVersion, 'tmpfsOptions')
  const binds = mounts.flatMap((mount) => toRelabelledBind(mount) ?? [])
  const others = mounts.filter((mount) => !isText(mount) && toRelabelledBind(mount) === undefined)
  const plain = others.map((mount) => toMount(mount, toVolumeLabels))
  const texts = mounts.flatMap((mount) => (mount.type === 'tmpfs' && isText(mount) ? [toTmpfsText(mount)] : []))
  return {
    ...(binds.length === 0 ? {} : { Binds: binds }),
    ...(plain.length === 0 ? {} : { Mounts: plain }),
    ...(texts.length === 0 ? {} : { Tmpfs: Object.fromEntries(texts) }),
  }
}

/** Returns the text of a bind mount with a relabelled source; `undefined` for other mounts. */
function toRelabelledBind(mount: Mount): string | undefined {
  if (mount.type !== 'bind' || mount.relabel === undefined) return undefined
  const { source, target, readOnly = false, relabel } = mount
  return `${source}:${target}:${[relabel === 'shared' ? 'z' : 'Z', ...(readOnly ? ['ro'] : [])].join(',')}`
}

/** Returns an entry of `Mounts`. */
export function toMount(mount: Mount, toVolumeLabels: CreateBodyOptions['toVolumeLabels']): object {
  if (mount.type !== 'tmpfs') {
    const { type: Type, source: Source, target: Target, readOnly: ReadOnly } = mount
    // An existing volume keeps its own labels.
    const options = mount.type === 'volume' && toVolumeLabels && { Labels: toVolumeLabels(mount) }
    return dropUndefined({ Type, Source, Target, ReadOnly, VolumeOptions: options || undefined })
  }
  const { target: Target, sizeBytes: SizeBytes, mode: Mode, executable } = mount
  const options = executable === true ? [['exec']] : undefined
  return { Type: 'tmpfs', Target, TmpfsOptions: dropUndefined({ SizeBytes, Mode, Options: options }) }
}

function toTmpfsText({ target, sizeBytes, mode, executable }: Extract<Mount, { type: 'tmpfs' }>): [string, string] {
  const size = sizeBytes === undefined ? [] : [`size=${sizeBytes}`]
  return [
    target,
    [
      executable === true ? 'exec' : 'noexec',
      ...size,
      ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`]),
    ].join(','),
  ]
}

/** The fields whose value is not `undefined`. */
export function dropUndefined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T // all fields are optional
}
