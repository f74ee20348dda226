import {
  buildServiceCapability,
  type Capability,
  composeManagerCapability,
  containerControlCapability,
  containerStatsCapability,
  eventStreamCapability,
  execManagerCapability,
  fileTransferCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageManagerCapability,
  imageTransferCapability,
  jobManagerCapability,
  networkManagerCapability,
  runtimeCapability,
  sidecarManagerCapability,
  swarmManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { ContainerJobManager, findUnsupportedOption, type RegistrationScope } from '@capstan/core/plugin'
import { DockerBuildService } from './docker-build-service.js'
import { DockerComposeManager } from './docker-compose-manager.js'
import { DockerContainerControl } from './docker-container-control.js'
import { DockerContainerStats } from './docker-container-stats.js'
import { DockerEventStream } from './docker-event-stream.js'
import { DockerExecManager } from './docker-exec-manager.js'
import { DockerFileTransfer } from './docker-file-transfer.js'
import { DockerFirewallManager } from './docker-firewall-manager.js'
import { DockerImageBuilder } from './docker-image-builder.js'
import { DockerImageManager } from './docker-image-manager.js'
import { DockerImageTransfer } from './docker-image-transfer.js'
import { DockerJobManager } from './docker-job-manager.js'
import { DockerNetworkManager } from './docker-network-manager.js'
import { DockerRuntime } from './docker-runtime.js'
import { DockerSidecarManager } from './docker-sidecar-manager.js'
import { DockerSwarmManager } from './docker-swarm-manager.js'
import { DockerVolumeManager } from './docker-volume-manager.js'
import type { DockerEngine } from './engine/docker-engine.js'
import { toClosedRuntime } from './engine/http-engine.js'

interface DockerManager {
  readonly capability: Capability<object>
  readonly provide: (scope: RegistrationScope, engine: DockerEngine) => void
}

/**
 * The capabilities of this package. A probe reports those that the engine does not lack, and `register` provides the same
 * ones.
 */
const dockerManagers: readonly DockerManager[] = [
  toManager(runtimeCapability, (engine) => new DockerRuntime(engine)),
  toManager(imageBuilderCapability, (engine) => new DockerImageBuilder(engine)),
  toManager(buildServiceCapability, (engine) => new DockerBuildService(engine)),
  toManager(firewallManagerCapability, (engine) => new DockerFirewallManager(engine)),
  toManager(networkManagerCapability, (engine) => new DockerNetworkManager(engine)),
  toManager(sidecarManagerCapability, (engine) => new DockerSidecarManager(engine)),
  toManager(execManagerCapability, (engine) => new DockerExecManager(engine)),
  toManager(fileTransferCapability, (engine) => new DockerFileTransfer(engine)),
  toManager(containerControlCapability, (engine) => new DockerContainerControl(engine)),
  toManager(imageTransferCapability, (engine) => new DockerImageTransfer(engine)),
  toManager(imageManagerCapability, (engine) => new DockerImageManager(engine)),
  toManager(volumeManagerCapability, (engine) => new DockerVolumeManager(engine)),
  toManager(containerStatsCapability, (engine) => new DockerContainerStats(engine)),
  toManager(eventStreamCapability, (engine) => new DockerEventStream(engine)),
  toManager(composeManagerCapability, (engine) => new DockerComposeManager(engine)),
  toManager(swarmManagerCapability, (engine) => new DockerSwarmManager(engine)),
  toManager(jobManagerCapability, (engine, scope) => {
    const { unsupportedOptions } = engine.details
    const isCluster = findUnsupportedOption('job-manager.constraints', unsupportedOptions) === undefined
    if (isCluster) return new DockerJobManager(engine)
    return new ContainerJobManager(new DockerRuntime(engine), toClosedRuntime(engine.details, scope))
  }),
]

function toManager<T extends object>(
  capability: Capability<T>,
  create: (engine: DockerEngine, scope: RegistrationScope) => T,
): DockerManager {
  return { capability, provide: (scope, engine) => scope.provide(capability, create(engine, scope)) }
}

/** Returns the managers of the capabilities that are not in `absent`. */
export function listManagers(absent: readonly { readonly id: string }[]): readonly DockerManager[] {
  return dockerManagers.filter(({ capability }) => !absent.some(({ id }) => id === capability.id))
}
