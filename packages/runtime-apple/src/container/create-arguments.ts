import { isIPv6 } from 'node:net'
import type { ContainerConfig, EnvMap, Mount, PortSpec, StringMap, Ulimit } from '@capstan/core'

/** What is settled before a container is made: its name, and the ports that the config left open. */
export interface CreateSettings {
  readonly name: string
  readonly image: string
  readonly labels: StringMap
  readonly ports: readonly PortSpec[]
}

/**
 * The arguments of `create`; pure.
 *
 * Each value is attached by `=`, since one that begins with `-` is refused otherwise; an empty one stands alone, since
 * `--x=` has no value. All options stand before the image, where their parsing ends.
 */
export function toCreateArguments(config: ContainerConfig, settings: CreateSettings): readonly string[] {
  const { env = {}, mounts = [], dns = [], capAdd = [], capDrop = [], ulimits = [], network } = config
  const { memoryBytes, cpus, entrypoint = [], command = [] } = config
  const [program, ...programArguments] = entrypoint
  return [
    'create',
    ...toOption('name', settings.name),
    ...toOption('platform', config.platform),
    ...toOption('entrypoint', program),
    ...toOption('workdir', config.workingDirectory),
    ...toOption('user', config.user),
    ...toEnvironment(env),
    ...toLabelOptions(settings.labels),
    ...mounts.flatMap(toMount),
    ...toOptions('publish', settings.ports.map(toPublish)),
    ...(network?.mode === 'none' ? ['--network=none'] : []),
    ...toOptions('network', network?.mode === 'networks' ? network.networks.map(({ networkId }) => networkId) : []),
    ...toOptions('dns', dns),
    ...toOptions('cap-add', capAdd),
    ...toOptions('cap-drop', capDrop),
    ...toOptions('ulimit', ulimits.map(toUlimit)),
    ...toOption('memory', memoryBytes === undefined ? undefined : `${Math.ceil(memoryBytes / mebibyte)}M`),
    ...toOption('cpus', cpus === undefined ? undefined : String(cpus)),
    ...toFlag('read-only', config.readOnlyRootFilesystem),
    ...toFlag('init', config.init),
    ...toFlag('rm', config.autoRemove),
    ...toFlag('interactive', config.interactive),
    ...toFlag('tty', config.tty),
    settings.image,
    ...programArguments,
    ...command,
  ]
}

/** `--name=value`; an empty value as an argument of its own. */
export function toOption(name: string, value: string | undefined): readonly string[] {
  if (value === undefined) return []
  return value === '' ? [`--${name}`, ''] : [`--${name}=${value}`]
}

export function toOptions(name: string, values: readonly string[]): readonly string[] {
  return values.flatMap((value) => toOption(name, value))
}

/** `null` values are refused earlier: the command cannot remove a variable. */
export function toEnvironment(env: EnvMap): readonly string[] {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== null)
  return toOptions('env', set.map(toPair))
}

export function toPair([key, value]: readonly [string, string]): string {
  return `${key}=${value}`
}

/** An empty value goes without its `=`, which some releases take for a part of the key. */
export function toLabelOptions(labels: StringMap): readonly string[] {
  const pairs = Object.entries(labels).map(([key, value]) => (value === '' ? key : toPair([key, value])))
  return toOptions('label', pairs)
}

function toFlag(name: string, isSet: boolean | undefined): readonly string[] {
  return isSet ? [`--${name}`] : []
}

/**
 * Without an address the command publishes on those of IPv4 alone. A socket that is bound to `::` takes connections of both
 * families on macOS, where `net.inet6.ip6.v6only` is 0 by default.
 */
function toPublish({ containerPort, hostPort, hostAddress = '127.0.0.1', protocol = 'tcp' }: PortSpec): string {
  const address = hostAddress === 'any' ? '::' : hostAddress
  return `${isIPv6(address) ? `[${address}]` : address}:${hostPort}:${containerPort}/${protocol}`
}

/** The first mount whose paths the command has no way to quote. */
export function findUnquotable(mounts: readonly Mount[]): Mount | undefined {
  return mounts.find((mount) => {
    const paths = mount.type === 'tmpfs' ? [mount.target] : [mount.source, mount.target]
    const has = (marks: RegExp) => paths.some((path) => marks.test(path))
    return mount.type === 'tmpfs' ? has(/[,=]/) : has(/:/) && (mount.type === 'volume' || has(/[,=]/))
  })
}

function toMount(mount: Mount): readonly string[] {
  if (mount.type === 'tmpfs') return toTmpfs(mount)
  const { source, target, readOnly } = mount
  if (![source, target].some((path) => path.includes(':'))) {
    return toOption('volume', `${source}:${target}${readOnly ? ':ro' : ''}`)
  }
  return toOption('mount', `type=bind,source=${source},target=${target}${readOnly ? ',readonly' : ''}`)
}

/** Sizes are read in whole MiB: others are refused before. */
function toTmpfs({ target, sizeBytes, mode }: Extract<Mount, { type: 'tmpfs' }>): readonly string[] {
  const size = sizeBytes === undefined ? '' : `,size=${sizeBytes / mebibyte}M`
  return toOption('mount', `type=tmpfs,target=${target}${size}${mode === undefined ? '' : `,mode=${mode.toString(8)}`}`)
}

function toUlimit({ name, soft, hard }: Ulimit): string {
  return `${name}=${toLimit(soft)}:${toLimit(hard)}`
}

function toLimit(value: number): string {
  return value === -1 ? 'unlimited' : String(value)
}

const mebibyte = 1024 * 1024
