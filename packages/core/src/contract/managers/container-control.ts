import { type Capability, defineCapability } from '../capability.js'
import type { ContainerConfig } from '../container/container-config.js'
import type { StopOptions } from '../container/container-info.js'
import type { OperationOptions } from '../operation.js'

/**
 * Controls containers beyond starting, stopping and removing them. A container is given by its id or its name.
 *
 * A paused container has processes that do not run. `stopContainer`, `removeContainer`, `killContainer` and
 * `restartContainer` unpause it. Starting it, attaching to it, executing a command in it and listing its processes reject with
 * NOT_RUNNING and the state `paused`.
 *
 * All methods reject with CONTAINER_NOT_FOUND where the container does not exist.
 */
export interface ContainerControl {
  /**
   * Sends a signal to the first process of a container, by name or number. Default SIGKILL. With SIGKILL, resolves when the
   * container has exited, and otherwise when the signal is sent. A container whose process ends by a signal has the exit code
   * 128 plus the number of the signal. Whether a restart policy then starts it again depends on the engine.
   *
   * @throws HostError NOT_RUNNING; INVALID_ARGUMENT for an unknown signal
   */
  killContainer(id: string, signal?: string, options?: OperationOptions): Promise<void>
  /**
   * Stops a running container as `stopContainer` does, and starts it as `startContainer` does. Starts a container that is not
   * running. A running container with `autoRemove` is kept: option `container-control.autoRemove`, which is also the field of
   * OPTION_UNSUPPORTED where stored firewall rules have to be set while such a container is stopped.
   *
   * After an abort the container is running or stopped.
   *
   * @throws HostError as `startContainer`; the container is then not running
   */
  restartContainer(id: string, options?: StopOptions): Promise<void>
  /**
   * Suspends all processes of a container. Resolves if it is already paused. Option `container-control.pause`.
   *
   * @throws HostError NOT_RUNNING
   */
  pauseContainer(id: string, options?: OperationOptions): Promise<void>
  /**
   * Continues the processes of a paused container. Resolves if it is running and not paused. Option
   * `container-control.pause`.
   *
   * @throws HostError NOT_RUNNING
   */
  unpauseContainer(id: string, options?: OperationOptions): Promise<void>
  /**
   * Gives a container another name. The id stays. Resolves if the container has that name already. In networks, the previous
   * name may continue to work, and the new one may not. Option `container-control.rename`.
   *
   * @throws HostError NAME_CONFLICT when another container has the name
   */
  renameContainer(id: string, name: string, options?: OperationOptions): Promise<void>
  /**
   * Changes limits and the restart policy of a container, running or not, at once and for later starts. Other settings stay.
   * Option `container-control.update`; a setting that is itself an unsupported option rejects with its name.
   *
   * @throws HostError INVALID_ARGUMENT also when no setting is given, and for a restart policy of a container with `autoRemove`.
   * FIREWALL_FAILED for a restart policy of a container with stored firewall rules, which the engine would not set.
   */
  updateContainer(id: string, update: ContainerUpdate, options?: OperationOptions): Promise<void>
  /**
   * Lists the processes of a running container, with those that `exec` started. Option `container-control.top`.
   *
   * @throws HostError NOT_RUNNING
   */
  listProcesses(id: string, options?: OperationOptions): Promise<readonly ContainerProcess[]>
}

/** The settings that `updateContainer` can change. At least one must be given. */
export type ContainerUpdate = Pick<ContainerConfig, 'memoryBytes' | 'cpus' | 'pidsLimit' | 'restartPolicy'>

/** A process in a container, from `listProcesses`. */
export interface ContainerProcess {
  /** The process id, as the engine numbers it: in the container or on the engine's machine. So is `parentPid`. */
  readonly pid: number
  readonly parentPid: number
  /** The name or number of its user. */
  readonly user: string
  /** The command and its arguments, separated by spaces. */
  readonly command: string
}

/** The options of container control, which a runtime may not support. */
const options = {
  'container-control.pause': 'pausing and unpausing of containers',
  'container-control.rename': 'new names of containers',
  'container-control.update': 'changes of limits and restart policies of containers',
  'container-control.top': 'lists of the processes of containers',
  'container-control.autoRemove': 'restarts of running containers that the engine removes when they exit',
} as const

/** The capability of sending signals to containers, and of restarting, pausing, renaming and updating them. */
export const containerControlCapability: Capability<ContainerControl, keyof typeof options> = defineCapability({
  id: 'container-control',
  title: 'container control',
  options,
})
