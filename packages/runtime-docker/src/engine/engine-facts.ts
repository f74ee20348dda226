import type { RuntimeLocation } from '@capstan/core'
import type { StringMap } from '@capstan/core/plugin'
import type { EngineFacts } from './docker-details.js'
import type { DockerEndpoint } from './docker-endpoint.js'
import type { EngineProduct } from './engine-product.js'
import type { LocalMachine } from './local-machine.js'

/** Derives the facts about an engine from its answers. */
export function toEngineFacts({ product, info, endpoint, remoteHost, system }: EngineAnswers): EngineFacts {
  const options = info.SecurityOptions ?? []
  return {
    product: product.product,
    title: product.title,
    hostName: product.hostName,
    version: info.ServerVersion ?? 'unknown',
    operatingSystem: info.OperatingSystem ?? 'unknown',
    osType: info.OSType ?? 'linux',
    architecture: info.Architecture ?? 'unknown',
    cpus: info.NCPU,
    rootless: options.some((option) => option.startsWith('name=rootless')),
    userNamespaces: options.some((option) => option.startsWith('name=userns')),
    location: remoteHost === undefined ? toLocation(info, endpoint, system) : 'elsewhere',
    remoteHost,
    ociRuntimes: toOciRuntimes(info),
    defaultOciRuntime: info.DefaultRuntime,
    logDrivers: info.Plugins?.Log ?? [],
    indexServer: info.IndexServerAddress,
  }
}

/** The reason why the address of this host for containers is unknown; `undefined` where it is known. */
export function findUnknownHostReason({ location, remoteHost, rootless }: EngineFacts): string | undefined {
  if (location === 'virtual-machine') return undefined
  if (remoteHost !== undefined) return 'the engine runs on another machine'
  if (location === 'elsewhere') return 'whether the engine runs on this machine is unknown'
  return rootless ? "the gateway is in the rootless engine's namespace, not on this host" : undefined
}

export interface EngineAnswers {
  readonly product: EngineProduct
  readonly info: InfoAnswer
  readonly endpoint: DockerEndpoint
  /** See `EngineFacts`. */
  readonly remoteHost?: string | undefined
  readonly system: LocalMachine
}

/** The fields of `GET /version` that are read. */
export interface VersionAnswer {
  readonly ApiVersion?: string
  readonly MinAPIVersion?: string
  readonly Components?: readonly { readonly Name?: string }[] | null
}

/** The fields of `GET /info` that are read. */
export interface InfoAnswer {
  readonly Name?: string
  readonly ServerVersion?: string
  readonly OperatingSystem?: string
  readonly LoggingDriver?: string
  readonly OSType?: string
  readonly Architecture?: string
  readonly KernelVersion?: string
  readonly NCPU?: number
  readonly SecurityOptions?: readonly string[] | null
  readonly IndexServerAddress?: string
  readonly MemoryLimit?: boolean
  readonly CpuCfsQuota?: boolean
  readonly PidsLimit?: boolean
  readonly CgroupDriver?: string
  readonly DefaultRuntime?: string
  readonly Runtimes?: Readonly<Record<string, { readonly path?: string; readonly runtimeType?: string }>> | null
  readonly Swarm?: {
    readonly LocalNodeState?: string
    readonly ControlAvailable?: boolean
    readonly Error?: string
  } | null
  readonly Plugins?: { readonly Log?: readonly string[] | null } | null
}

/** The program of each OCI runtime, or the type of its containerd shim, or else its name. */
function toOciRuntimes({ Runtimes }: InfoAnswer): StringMap {
  const entries = Object.entries(Runtimes ?? {})
  return Object.fromEntries(entries.map(([name, { path, runtimeType }]) => [name, path || runtimeType || name]))
}

/**
 * Compares the kernel and the host name of the engine with those of this process. A local socket does not prove one
 * machine: it may be forwarded, or mounted into a container in which this process runs.
 */
function toLocation(info: InfoAnswer, endpoint: DockerEndpoint, system: LocalMachine): RuntimeLocation {
  if (isVirtualMachine(info, endpoint)) return 'virtual-machine'
  return hasSameNames(info, system) ? 'this-machine' : 'elsewhere'
}

/** Whether the engine reports the host name and the kernel of this machine. Another machine may have the same. */
export function hasSameNames({ KernelVersion, Name }: InfoAnswer, { kernel, hostname }: LocalMachine): boolean {
  return KernelVersion === kernel && Name === hostname
}

function isVirtualMachine({ OperatingSystem = '', Name = '' }: InfoAnswer, { url }: DockerEndpoint): boolean {
  if (/^(Docker Desktop|OrbStack)\b/.test(OperatingSystem)) return true
  return /^(docker-desktop|colima|lima-|orbstack)/.test(Name) || /\/\.(colima|lima|rd|orbstack)\//.test(url)
}
