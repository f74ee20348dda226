import {
  type NetworkManager,
  networkManagerCapability,
  type Runtime,
  type RuntimePlugin,
  runtimeCapability,
  type SwarmManager,
  swarmManagerCapability,
  type VolumeManager,
  volumeManagerCapability,
} from '@capstan/core'
import type { ListOptions, StringMap } from '@capstan/core/plugin'
import { mapProvided, withParts } from './map-provided.js'

/** Wraps a plugin so that its lists contain only resources with all `labels`; a sweep removes nothing else. */
export function narrowLists(plugin: RuntimePlugin, labels: StringMap): RuntimePlugin {
  const narrow = (options: ListOptions = {}) => ({ ...options, labels: { ...options.labels, ...labels } })
  return mapProvided(
    plugin,
    ({ token }, implementation) => narrowers.get(token)?.(implementation as never, narrow) ?? implementation,
  )
}

type Narrow = (options?: ListOptions) => ListOptions
type Narrower = (implementation: never, narrow: Narrow) => object

// The implementation of a capability has its interface: `scope.provide` requires it.
const narrowers: ReadonlyMap<symbol, Narrower> = new Map<symbol, Narrower>([
  [runtimeCapability.token, narrowRuntime],
  [networkManagerCapability.token, narrowNetworks],
  [volumeManagerCapability.token, narrowVolumes],
  [swarmManagerCapability.token, narrowCluster],
])

function narrowRuntime(runtime: Runtime, narrow: Narrow): Runtime {
  return withParts(runtime, {
    listContainers: (options) => runtime.listContainers(narrow(options)),
    listImages: (options) => runtime.listImages(narrow(options)),
  })
}

function narrowNetworks(networks: NetworkManager, narrow: Narrow): NetworkManager {
  return withParts(networks, { listNetworks: (options) => networks.listNetworks(narrow(options)) })
}

function narrowVolumes(volumes: VolumeManager, narrow: Narrow): VolumeManager {
  return withParts(volumes, { listVolumes: (options) => volumes.listVolumes(narrow(options)) })
}

function narrowCluster(swarm: SwarmManager, narrow: Narrow): SwarmManager {
  return withParts(swarm, {
    listServices: (options) => swarm.listServices(narrow(options)),
    listSecrets: (options) => swarm.listSecrets(narrow(options)),
    listConfigs: (options) => swarm.listConfigs(narrow(options)),
  })
}
