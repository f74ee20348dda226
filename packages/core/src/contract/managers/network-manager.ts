import { type Capability, defineCapability } from '../capability.js'
import type { ListOptions, OperationOptions, StringMap } from '../operation.js'

/**
 * Manages networks, on which containers reach each other, by name if `network.aliases` is supported.
 *
 * A network is given by its id or its name. `default` is the engine's default network on every runtime, whatever its name
 * is there. A network that another program has named `default` is given by its id.
 */
export interface NetworkManager {
  /**
   * Creates a network and resolves with its id.
   *
   * @throws HostError NAME_CONFLICT when the name is in use. IN_USE when a subnet overlaps with one that the engine or its
   * machine uses, with the networks of the engine that use it in `facts.users`. INVALID_ARGUMENT for the name `default`.
   */
  createNetwork(name: string, options?: CreateNetworkOptions): Promise<string>
  /**
   * Removes a network. Resolves also when it does not exist.
   *
   * @throws HostError IN_USE, with the containers that use it in `facts.users`
   */
  removeNetwork(id: string, options?: OperationOptions): Promise<void>
  /** Lists all networks of the engine, including those that this RuntimeHost did not create. */
  listNetworks(options?: ListOptions): Promise<readonly NetworkInfo[]>
  /**
   * Resolves with the details of a network.
   *
   * @throws HostError NETWORK_NOT_FOUND
   */
  inspectNetwork(id: string, options?: OperationOptions): Promise<NetworkInspection>
  /**
   * Connects a container to a network, in addition to its other networks. A running container is connected when the call
   * resolves, any other one at its next start. It stays connected when it is stopped and started again. Its firewall rules
   * apply in the new network, too.
   *
   * Resolves if the container is already connected, unless `aliases` or `ipAddress` differ from those of the connection:
   * INVALID_ARGUMENT. After a failure the container has the same networks as before.
   *
   * @throws HostError NETWORK_NOT_FOUND. CONTAINER_NOT_FOUND. IN_USE when another container has `ipAddress`; for a container
   * that does not run, that may be the error of its next start. INVALID_ARGUMENT when no subnet of the network contains
   * `ipAddress`, for the networks `host` and `none`, and for a container whose network mode is `host` or `none`, or that shares
   * the network of another one. NOT_RUNNING for a paused container. FIREWALL_FAILED when the container was disconnected from all
   * networks because its rules could not be set; see `FirewallManager.setupFirewall`.
   */
  connectContainer(networkId: string, containerId: string, options?: ConnectContainerOptions): Promise<void>
  /**
   * Disconnects a container from a network, whether it runs or not. Its open connections in that network end. Resolves also
   * when it is not connected, and when the container or the network does not exist.
   *
   * @throws HostError NOT_RUNNING for a paused container. INVALID_ARGUMENT for the networks `host` and `none`
   */
  disconnectContainer(networkId: string, containerId: string, options?: DisconnectContainerOptions): Promise<void>
}

const options = {
  'networks.connect': 'connecting an existing container to a network, and disconnecting it',
  'networks.subnets': 'a chosen subnet',
  'networks.gateway': 'a chosen gateway',
  'networks.ipv6': 'a network with IPv6',
  'networks.cluster': 'a network on all nodes of a cluster',
} as const

/** The capability of managing networks. */
export const networkManagerCapability: Capability<NetworkManager, keyof typeof options> = defineCapability({
  id: 'network-manager',
  title: 'networks',
  options,
})

/** An entry of `listNetworks`. */
export interface NetworkInfo {
  readonly id: string
  readonly name: string
  /** Whether the network has no route to other machines. */
  readonly internal: boolean
  readonly labels: StringMap
  /** Present for a network on all nodes of a cluster, which a manager node removes. */
  readonly scope?: 'cluster'
  /** The subnets of the network, chosen or assigned by the engine. Empty for a network without addresses. */
  readonly subnets: readonly NetworkSubnet[]
}

/** A subnet of a network, as the engine reports it. */
export interface NetworkSubnet {
  /** The address range, such as `10.20.0.0/24`. */
  readonly cidr: string
  /** The address of the engine's machine in it. `undefined` where the engine does not report one. */
  readonly gateway: string | undefined
}

/** The details of a network, from `inspectNetwork`. */
export interface NetworkInspection extends NetworkInfo {
  /** The running containers in the network. */
  readonly members: readonly NetworkMember[]
}

/** A running container in a network. */
export interface NetworkMember {
  readonly containerId: string
  readonly containerName: string
  /** The IPv4 address; `undefined` where the engine does not report it. */
  readonly ipAddress: string | undefined
  /** The IPv6 address; `undefined` in a network without IPv6. */
  readonly ipv6Address: string | undefined
}

/** Options of `createNetwork`. */
export interface CreateNetworkOptions extends OperationOptions {
  /** For keys that begin with `capstan.`, see `ContainerConfig.labels`. */
  readonly labels?: StringMap
  /** Creates a network without a route to other machines. The engine's machine may still be reachable. Default false. */
  readonly internal?: boolean
  /** Chosen subnets, at most one of each address family. Default: an IPv4 subnet that the engine chooses. */
  readonly subnets?: readonly SubnetConfig[]
  /**
   * Gives the network an IPv6 subnet besides its IPv4 subnet. Without one in `subnets` it is a random unique local one of
   * RFC 4193. Default: whether `subnets` contains an IPv6 subnet.
   */
  readonly ipv6?: boolean
  /**
   * `cluster`: creates a network on all nodes of the engine's cluster, which services join, and containers of its nodes;
   * option `networks.cluster`. Default `engine`: only on the engine.
   */
  readonly scope?: 'engine' | 'cluster'
}

/** A chosen subnet of a network. */
export interface SubnetConfig {
  /** The address range, such as `10.20.0.0/24` or `fd00:1::/64`. The bits after the prefix must be 0. */
  readonly cidr: string
  /** The address of the engine's machine in it. Default: the first address of the subnet. */
  readonly gateway?: string
}

/** Options of `connectContainer`. */
export interface ConnectContainerOptions extends OperationOptions {
  /** See `NetworkJoin.aliases`. */
  readonly aliases?: readonly string[]
  /** See `NetworkJoin.ipAddress`. */
  readonly ipAddress?: string
}

/** Options of `disconnectContainer`. */
export interface DisconnectContainerOptions extends OperationOptions {
  /** Removes the connection also when the engine cannot undo it in the container's network namespace. Default false. */
  readonly force?: boolean
}
