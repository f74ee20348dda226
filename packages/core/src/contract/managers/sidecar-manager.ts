import { type Capability, defineCapability } from '../capability.js'
import type { ContainerConfig, CreateOptions, NetworkJoin } from '../container/container-config.js'
import type { ContainerInspection } from '../container/container-info.js'
import type { OperationOptions } from '../operation.js'

/** Long-running helper containers. */
export interface SidecarManager {
  /**
   * Pulls, creates, connects and starts; each step is undone when a later one fails.
   *
   * Resolves with the full id when *started*: readiness is the caller's to prove.
   */
  startSidecar(config: SidecarConfig, options?: CreateOptions): Promise<string>
  /** The same answer as `Runtime.inspectContainer`. Gone: CONTAINER_NOT_FOUND. */
  inspectContainer(id: string, options?: OperationOptions): Promise<ContainerInspection>
}

/** Helper containers that are reached over networks. */
export const sidecarManagerCapability: Capability<SidecarManager> = defineCapability({
  id: 'sidecar-manager',
  title: 'sidecars',
})

/** What a sidecar is made from: no terminal, no stdin, a name of its own, and networks instead of a mode. */
export interface SidecarConfig extends Omit<ContainerConfig, 'network' | 'tty' | 'interactive'> {
  readonly name: string
  /** Default: the default network. `aliases` are refused where peers have no DNS: then use the address of the inspection. */
  readonly networks?: readonly NetworkJoin[]
}
