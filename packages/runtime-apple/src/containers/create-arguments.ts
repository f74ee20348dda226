import { isIPv6 } from 'node:net'
import type { ContainerConfig, Mount, PortSpec } from '@capstan/core'
import type { StringMap, Ulimit } from '@capstan/core/plugin'
import { toEnvironment, toLabelOptions, toOption, toOptions } from '../cli/options.js'

/** Values of `create` that the config may leave out or that differ from it. */
export interface CreateSettings {
  readonly name: string
  readonly image: string
  readonly labels: StringMap
  readonly ports: readonly PortSpec[]
}

/**
 * Builds the arguments of `create`.
 *
 * Values are joined with `=`, because the command rejects a separate value that begins with `-`. An empty value is a separate
 * argument, because the command reads `--x=` as an option without a value. All options come before the image, where the
 * command stops parsing options.
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
    ...toOption('shm-size', config.shmSizeBytes === undefined ? undefined : String(config.shmSizeBytes)),
    ...toOption('cpus', cpus === undefined ? undefined : String(cpus)),
    ...toFlags({
      'read-only': config.readOnlyRootFilesystem,
      init: config.init,
      rm: config.autoRemove,
      interactive: config.interactive,
      tty: config.tty,
    }),
    settings.image,
    ...programArguments,
    ...command,
  ]
}

function toFlags(flags: Readonly<Record<string, boolean | undefined>>): readonly string[] {
  return Object.entries(flags).flatMap(([name, isSet]) => (isSet ? [`--${name}`] : []))
}

/**
 * Always names an address: without one the command publishes on IPv4 only. On macOS a socket bound to `::` accepts connections
 * of both families, because `net.inet6.ip6.v6only` is 0 by default.
 */
function toPublish({ containerPort, hostPort, hostAddress = '127.0.0.1', protocol = 'tcp' }: PortSpec): string {
  const address = hostAddress === 'any' ? '::' : hostAddress
  return `${isIPv6(address) ? `[${address}]` : address}:${hostPort}:${containerPort}/${protocol}`
}

/** Finds the first mount with a path that the command cannot quote. */
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

/** The command reads sizes in whole MiB. Other sizes are rejected earlier. */
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
