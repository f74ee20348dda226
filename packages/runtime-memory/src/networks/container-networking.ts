import type { StringMap } from '@capstan/core/plugin'
import { NetworkNamespace } from './network-namespace.js'
import type { MemoryNetwork } from './network-store.js'

/** What a running container needs to use networks: its names, its networks and its network namespace. */
export interface ContainerNetworking {
  /** The id of the container, for messages. */
  readonly id: string
  /** Whether the container uses the network of this machine. */
  readonly usesHostNetwork: boolean
  /** Names that resolve to the container itself. */
  readonly ownNames: readonly string[]
  readonly extraHosts: StringMap
  readonly namespace: NetworkNamespace
  readonly networks: readonly MemoryNetwork[]
}

/** Creates the networking of a container without a network. */
export function createOfflineNetworking(): ContainerNetworking {
  const namespace = new NetworkNamespace()
  return {
    id: '',
    usesHostNetwork: false,
    ownNames: [],
    extraHosts: {},
    namespace,
    networks: [],
  }
}
