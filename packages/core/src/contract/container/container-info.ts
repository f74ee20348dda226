import type { Argv, ListOptions, OperationOptions, StringMap } from '../operation.js'
import type { RestartPolicy } from './container-config.js'
import type { ContainerHealth } from './healthcheck.js'
import type { ExposedPort, PortBinding } from './ports.js'

/** The state of a container. `unknown` stands for a state of the engine that is not in this list. */
export type ContainerState =
  | 'created'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'stopping'
  | 'exited'
  | 'dead'
  | 'unknown'

/** An entry of `listContainers`. */
export interface ContainerInfo {
  /** The full id. */
  readonly id: string
  readonly name: string
  /** The reference or id that the container was created from. */
  readonly image: string
  readonly state: ContainerState
  /** `undefined` where the engine does not report it. */
  readonly createdAt: Date | undefined
  readonly labels: StringMap
  /** Absent without a health check, and while the container does not run. */
  readonly health?: ContainerHealth | undefined
}

/** The connection of a container to a network. */
export interface NetworkAttachment {
  readonly networkId: string
  readonly networkName: string
  /** The IPv4 address. `undefined` while the container is not running; so are `ipv6Address` and `gateway`. */
  readonly ipAddress: string | undefined
  /** `undefined` in a network without IPv6. */
  readonly ipv6Address: string | undefined
  readonly gateway: string | undefined
  readonly aliases: readonly string[]
}

/** The details of a container, from `inspectContainer`. */
export interface ContainerInspection extends Omit<ContainerInfo, 'state'> {
  readonly imageId: string
  readonly command: Argv
  /** Whether the stdin of the process is open: `interactive` of the config. Absent where the engine does not report it. */
  readonly interactive?: boolean | undefined
  /** Whether the process has a terminal: `tty` of the config. Absent where the engine does not report it. */
  readonly tty?: boolean | undefined
  readonly state: {
    readonly status: ContainerState
    /** Whether the container has a process, also while it is paused. */
    readonly running: boolean
    /** `undefined` while the container runs, before its first start, and where the engine does not report it. */
    readonly exitCode: number | undefined
    readonly startedAt: Date | undefined
    readonly finishedAt: Date | undefined
    /** How often the engine has restarted it because of `restartPolicy`; absent where the engine does not report it. */
    readonly restartCount?: number | undefined
  }
  /** Absent where the engine has no restart policies. */
  readonly restartPolicy?: RestartPolicy | undefined
  /** Empty with the network modes `none`, `host` and `container`. */
  readonly networks: readonly NetworkAttachment[]
  /** All published ports, with protocol and host address. Empty while the container is not running. */
  readonly ports: readonly PortBinding[]
  /** The ports that the image and the config declare, including published ones; absent where the engine does not report them. */
  readonly exposedPorts?: readonly ExposedPort[] | undefined
}

/** Options of `stopContainer`. */
export interface StopOptions extends OperationOptions {
  /** Milliseconds between the stop signal and SIGKILL. 0 sends SIGKILL at once. Default 10 000. */
  readonly graceMs?: number
}

/** Options of `removeContainer`. */
export interface RemoveOptions extends OperationOptions {
  /** Keeps the anonymous volumes of the container, which the image declares. Default false. */
  readonly keepVolumes?: boolean
}

/** Options of `listContainers`. */
export interface ListContainersOptions extends ListOptions {
  /** Lists only containers in one of these states; none if it is empty. Default: all containers. */
  readonly states?: readonly ContainerState[]
}
