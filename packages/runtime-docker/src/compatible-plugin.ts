import {
  type Capability,
  execManagerCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageTransferCapability,
  networkManagerCapability,
  type RuntimePlugin,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { type ProbeOptions, provide, type RegistrationScope, withTimeouts } from '@capstan/core/plugin'
import { DockerExecManager } from './docker-exec-manager.js'
import { DockerFirewallManager } from './docker-firewall-manager.js'
import { DockerImageBuilder } from './docker-image-builder.js'
import { DockerImageTransfer } from './docker-image-transfer.js'
import { DockerNetworkManager } from './docker-network-manager.js'
import { probeEngines } from './docker-probe.js'
import { DockerRuntime } from './docker-runtime.js'
import { DockerSidecarManager } from './docker-sidecar-manager.js'
import { DockerVolumeManager } from './docker-volume-manager.js'
import type { EndpointSearch, SearchPlace } from './endpoint/endpoint-candidate.js'
import type { AcceptedEngine } from './engine/accepted-engine.js'
import { compareApiVersions, supportedApi } from './engine/api-version.js'
import type { DockerDetails } from './engine/docker-details.js'
import type { DockerEngine } from './engine/docker-engine.js'
import { readDockerSystem } from './engine/docker-system.js'
import { type DockerTimeouts, defaultTimeouts } from './engine/docker-timeouts.js'
import { HttpEngine } from './engine/http-engine.js'

/**
 * A runtime for an engine that speaks Docker's API: `dockerPlugin` itself is made so.
 *
 * Making the plugin connects to nothing and loads no client.
 *
 * @throws HostError INVALID_ARGUMENT for bad `timeouts`
 */
export function compatiblePlugin(options: CompatiblePluginOptions): RuntimePlugin<DockerDetails> {
  const { name, packageName, packageVersion, probeTimeoutMs, endpointVariable, find } = options
  const timeouts = withTimeouts('timeouts', options.timeouts, defaultTimeouts)
  return {
    name,
    contractVersion: 1,
    ...(packageName === undefined ? {} : { packageName }),
    ...(packageVersion === undefined ? {} : { packageVersion }),
    ...(probeTimeoutMs === undefined ? {} : { probeTimeoutMs }),
    isChosen: options.isChosen ?? ((env) => Boolean(endpointVariable !== undefined && env[endpointVariable])),
    async probe(probeOptions: ProbeOptions) {
      const system = readDockerSystem(probeOptions.env)
      const search = await find({ system, env: probeOptions.env })
      return probeEngines(search, { ...options, ...probeOptions, system })
    },
    register: (scope, details) => wire(scope, { details, timeouts }),
  }
}

/** What is particular to an engine that has Docker's API. */
export interface CompatiblePluginOptions {
  /** Of the runtime: lower case. */
  readonly name: string
  /** For messages; `loadPlugins` fills in both where they are left out. */
  readonly packageName?: string
  readonly packageVersion?: string
  /**
   * Limit of the probe for every endpoint, in milliseconds. Default, by the endpoint: 10 000 for a socket or pipe of this
   * machine, 30 000 for tcp and for a service that the plugin starts.
   */
  readonly probeTimeoutMs?: number | undefined
  /** See `RuntimePlugin`. Default: whether `endpointVariable` is set. */
  readonly isChosen?: RuntimePlugin['isChosen']
  /** Where the engine may listen, in order of preference; asked anew by each probe. Opens nothing. */
  readonly find: (place: SearchPlace) => EndpointSearch | Promise<EndpointSearch>
  /** The products that are served. One other than the first is named as such in the report. */
  readonly accepts: readonly [AcceptedEngine, ...AcceptedEngine[]]
  /** Variable of the environment that pins the API version. Default: the version is negotiated. */
  readonly apiVersionVariable?: string
  /** Variable of the environment that names the endpoint; a remedy tells of it where nothing is. */
  readonly endpointVariable?: string | undefined
  /** The address by which containers reach this host. Default: read from the engine. */
  readonly hostAddress?: string | undefined
  /** An image with `sh`, `iptables` and `ip6tables`, for `setupFirewall` where the container's own image has none. */
  readonly firewallImage?: string | undefined
  /** Limits in milliseconds. Default of each: see {@link DockerTimeouts}; another name or value: INVALID_ARGUMENT. */
  readonly timeouts?: Partial<DockerTimeouts> | undefined
}

interface Wiring {
  readonly details: DockerDetails
  readonly timeouts: DockerTimeouts
}

function wire(scope: RegistrationScope, { details, timeouts }: Wiring): void {
  const { warn } = scope
  const { api, facts, absent } = details
  if (compareApiVersions(api.version, supportedApi.oldest) < 0) {
    warn(
      `${facts.title} ${facts.version} speaks API ${api.version}, which is older than what this runtime is tested with`,
    )
  }
  const engine = new HttpEngine({ ...scope, details, timeouts })
  const offer = <T extends object>(capability: Capability<T>, make: (engine: DockerEngine) => T) => {
    if (!absent.some(({ id }) => id === capability.id)) provide(scope, capability, make(engine))
  }
  offer(runtimeCapability, () => new DockerRuntime(engine))
  offer(networkManagerCapability, () => new DockerNetworkManager(engine))
  offer(sidecarManagerCapability, () => new DockerSidecarManager(engine))
  offer(execManagerCapability, () => new DockerExecManager(engine))
  offer(imageBuilderCapability, () => new DockerImageBuilder(engine))
  offer(firewallManagerCapability, () => new DockerFirewallManager(engine))
  offer(imageTransferCapability, () => new DockerImageTransfer(engine))
  offer(volumeManagerCapability, () => new DockerVolumeManager(engine))
}
