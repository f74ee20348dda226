import {
  createHostError,
  execManagerCapability,
  imageTransferCapability,
  networkManagerCapability,
  type ProbeOptions,
  provide,
  type RegistrationScope,
  type RuntimePlugin,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { compareApiVersions, supportedApi } from './api-version.js'
import { KeptSettings } from './container/kept-settings.js'
import type { DockerDetails } from './docker-details.js'
import { DockerExecManager } from './docker-exec-manager.js'
import { DockerImageTransfer } from './docker-image-transfer.js'
import { DockerNetworkManager } from './docker-network-manager.js'
import { probeEngines } from './docker-probe.js'
import { DockerRuntime } from './docker-runtime.js'
import { DockerSidecarManager } from './docker-sidecar-manager.js'
import { DockerVolumeManager } from './docker-volume-manager.js'
import { readDockerSystem } from './endpoint/docker-system.js'
import { findEndpoints } from './endpoint/find-endpoints.js'
import { HttpEngine } from './transport/http-engine.js'

/**
 * The Docker Engine, found as the docker CLI finds it.
 *
 * Making the plugin connects to nothing and loads no client. An endpoint or context that is given here is the only one
 * that is tried.
 *
 * @throws HostError INVALID_ARGUMENT when both an endpoint and a context are given.
 */
export function dockerPlugin(options: DockerPluginOptions = {}): RuntimePlugin<DockerDetails> {
  const { endpoint, context, hostAddress, firewallImage } = options
  if (endpoint !== undefined && context !== undefined) {
    const facts = { field: 'context', expected: 'absent when an endpoint is given', given: JSON.stringify(context) }
    throw createHostError('INVALID_ARGUMENT', facts)
  }
  const system = readDockerSystem()
  return {
    name: 'docker',
    contractVersion: 1,
    packageName: '@capstan/runtime-docker',
    packageVersion: '0.1.0',
    async probe(probeOptions: ProbeOptions) {
      const search = await findEndpoints(options, { system, env: probeOptions.env })
      return probeEngines(search, { ...probeOptions, system, hostAddress, firewallImage })
    },
    register: wire,
  }
}

export interface DockerPluginOptions {
  /** `unix:///var/run/docker.sock`, `tcp://host:2376`, `npipe:////./pipe/docker_engine`. Default: as the docker CLI finds it. */
  readonly endpoint?: string
  /** Name of a context of the docker CLI. */
  readonly context?: string
  /** For `endpoint` over tcp. Default: no TLS. */
  readonly tls?: DockerTlsOptions
  /** The address by which containers reach this host. Default: read from the engine; needed for one on another machine. */
  readonly hostAddress?: string
  /** An image with `sh`, `iptables` and `ip6tables`, for `setupFirewall` where the container's own image has none. */
  readonly firewallImage?: string
}

export interface DockerTlsOptions {
  /** Has `ca.pem`, and for a client's certificate `cert.pem` and `key.pem`. Default: docker's configuration directory. */
  readonly directory?: string
  /** Default true; false believes whoever answers. */
  readonly verify?: boolean
}

function wire(scope: RegistrationScope, details: DockerDetails): void {
  const { runtimeName, ownerLabels, warn } = scope
  const { api, facts } = details
  if (facts.product === 'podman' && compareApiVersions(api.version, supportedApi.oldest) < 0) {
    warn(`Podman ${facts.version} speaks API ${api.version}, which is older than what this runtime is tested with`)
  }
  const engine = new HttpEngine({ runtimeName, ownerLabels, warn, details })
  const kept = new KeptSettings()
  provide(scope, runtimeCapability, new DockerRuntime(engine, kept))
  provide(scope, networkManagerCapability, new DockerNetworkManager(engine))
  provide(scope, sidecarManagerCapability, new DockerSidecarManager(engine, kept))
  provide(scope, execManagerCapability, new DockerExecManager(engine))
  provide(scope, imageTransferCapability, new DockerImageTransfer(engine))
  provide(scope, volumeManagerCapability, new DockerVolumeManager(engine))
}
