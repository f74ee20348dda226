import type { AcceptedEngine } from './accepted-engine.js'
import type { EngineFacts, EngineLocation } from './docker-details.js'
import type { DockerEndpoint } from './docker-endpoint.js'
import type { DockerSystem } from './docker-system.js'

/** What is to be known of an engine, from what it says of itself. */
export function toEngineFacts({ product, info, endpoint, system }: EngineAnswers): EngineFacts {
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
    location: toLocation(info, endpoint, system),
    indexServer: info.IndexServerAddress,
  }
}

/** Why the address by which containers reach this host is unknown; `undefined` where it can be read from the engine. */
export function findUnknownHostReason({ location, rootless }: EngineFacts): string | undefined {
  if (location === 'virtual-machine') return undefined
  if (location === 'elsewhere') return 'the engine is not known to run on this machine'
  return rootless ? "the gateway is in the rootless engine's namespace, not on this host" : undefined
}

export interface EngineAnswers {
  readonly product: AcceptedEngine
  readonly info: InfoAnswer
  readonly endpoint: DockerEndpoint
  readonly system: DockerSystem
}

/** `GET /version`, as far as it is read. */
export interface VersionAnswer {
  readonly ApiVersion?: string
  readonly MinAPIVersion?: string
  readonly Components?: readonly { readonly Name?: string }[] | null
}

/** `GET /info`, as far as it is read. */
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
}

/**
 * One kernel and one host name mean one machine. A socket may be forwarded from elsewhere, or mounted into a container
 * in which this process runs: then what containers call their host is not where this process listens.
 */
function toLocation(info: InfoAnswer, endpoint: DockerEndpoint, system: DockerSystem): EngineLocation {
  if (isVirtualMachine(info, endpoint)) return 'virtual-machine'
  return info.KernelVersion === system.kernel && info.Name === system.hostname ? 'this-machine' : 'elsewhere'
}

function isVirtualMachine({ OperatingSystem = '', Name = '' }: InfoAnswer, { url }: DockerEndpoint): boolean {
  if (/^(Docker Desktop|OrbStack)\b/.test(OperatingSystem)) return true
  return /^(docker-desktop|colima|lima-|orbstack)/.test(Name) || /\/\.(colima|lima|rd|orbstack)\//.test(url)
}
