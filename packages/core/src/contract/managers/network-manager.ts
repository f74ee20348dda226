import { type Capability, defineCapability } from '../capability.js'
import type { ListOptions, OperationOptions, StringMap } from '../operation.js'

/** Manages networks, on which containers reach each other, by name if `network.aliases` is supported. */
export interface NetworkManager {
  /**
   * Creates a network and resolves with its id.
   *
   * @throws HostError NAME_CONFLICT when the name is in use
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
}

/** The capability of managing networks. */
export const networkManagerCapability: Capability<NetworkManager> = defineCapability({
  id: 'network-manager',
  title: 'networks',
})

/** An entry of `listNetworks`. */
export interface NetworkInfo {
  readonly id: string
  readonly name: string
  /** Whether the network has no route to other machines. */
  readonly internal: boolean
  readonly labels: StringMap
}

/** Options of `createNetwork`. */
export interface CreateNetworkOptions extends OperationOptions {
  /** For keys that begin with `capstan.`, see `ContainerConfig.labels`. */
  readonly labels?: StringMap
  /** Creates a network without a route to other machines. The engine's machine may still be reachable. Default false. */
  readonly internal?: boolean
}
