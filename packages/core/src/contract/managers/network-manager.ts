import { type Capability, defineCapability } from '../capability.js'
import type { ListOptions, OperationOptions, StringMap } from '../operation.js'

/** Networks by which containers reach each other by name. */
export interface NetworkManager {
  /** Makes a network and resolves with its id. Name taken: NAME_CONFLICT. */
  createNetwork(name: string, options?: CreateNetworkOptions): Promise<string>
  /** Gone: resolves. In use: IN_USE naming the users. */
  removeNetwork(id: string, options?: OperationOptions): Promise<void>
  /** All of the engine, not only those of this host. */
  listNetworks(options?: ListOptions): Promise<readonly NetworkInfo[]>
}

/** Networks of containers. */
export const networkManagerCapability: Capability<NetworkManager> = defineCapability({
  id: 'network-manager',
  title: 'networks',
})

/** One network in a list. */
export interface NetworkInfo {
  readonly id: string
  readonly name: string
  /** Without a way out. */
  readonly internal: boolean
  readonly labels: StringMap
}

/** Options of `createNetwork`. */
export interface CreateNetworkOptions extends OperationOptions {
  /** For keys that begin with `capstan.`, see `ContainerConfig`. */
  readonly labels?: StringMap
  /** Without a way out to other machines; this machine itself may still be reached. Default false. */
  readonly internal?: boolean
}
