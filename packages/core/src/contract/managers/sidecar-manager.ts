import { type Capability, defineCapability } from '../capability.js'
import type { ContainerConfig, CreateOptions, NetworkJoin } from '../container/container-config.js'
import type { ContainerInspection } from '../container/container-info.js'
import type { OperationOptions } from '../operation.js'

/** Starts sidecars: long-running helper containers. */
export interface SidecarManager {
  /**
   * Pulls the image if it is missing, creates the container, connects it to its networks and starts it. If a step fails,
   * the earlier ones are undone.
   *
   * Resolves with the full id when the container has been started. The caller must check whether its service is ready.
   */
  startSidecar(config: SidecarConfig, options?: CreateOptions): Promise<string>
  /** Resolves with the same details as `Runtime.inspectContainer`. */
  inspectContainer(id: string, options?: OperationOptions): Promise<ContainerInspection>
}

/** The capability of starting sidecars. */
export const sidecarManagerCapability: Capability<SidecarManager> = defineCapability({
  id: 'sidecar-manager',
  title: 'sidecars',
})

/** The settings of a container, with a required `name` and without `network`, `tty` and `interactive`. */
export interface SidecarConfig extends Omit<ContainerConfig, 'network' | 'tty' | 'interactive'> {
  readonly name: string
  /**
   * Networks to join. Default: the engine's default network. A runtime without name resolution between containers does
   * not support `aliases` (option `network.aliases`); use the address that `inspectContainer` reports there.
   */
  readonly networks?: readonly NetworkJoin[]
}
