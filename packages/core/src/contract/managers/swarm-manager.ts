import { type Capability, defineCapability } from '../capability.js'
import type { LogChunk, LogOptions } from '../container/logs.js'
import type { ExposedPort, Protocol } from '../container/ports.js'
import type { ListOptions, OperationOptions, StringMap } from '../operation.js'
import type { JobConfig } from './job-manager.js'

/**
 * Manages services of a cluster: tasks that the cluster keeps running on its nodes, with their secrets and configs.
 *
 * A service, a secret and a config are given by id or name. The runtime finds a cluster; it never creates, joins or leaves
 * one. A cluster may run a task twice for a time, for example when it has lost a node that still runs.
 */
export interface SwarmManager {
  /**
   * Creates a service, waits until it has converged, and resolves with its id: as many tasks run as it has replicas, and none of
   * them ends within `update.monitorMs`. The image is not pulled here; each node pulls it if it is missing there. A service that
   * does not converge is removed.
   *
   * @throws HostError NAME_CONFLICT. NETWORK_NOT_FOUND, SECRET_NOT_FOUND and CONFIG_NOT_FOUND. INVALID_ARGUMENT for a network
   * whose scope is not the cluster. IMAGE_NOT_FOUND when three tasks were rejected because a node neither has nor finds the
   * image, while none runs. SERVICE_NOT_CONVERGED when three tasks were rejected for another reason while none runs, and after
   * the time limit if a task failed. TIMED_OUT after the time limit if none failed, for example because no node is suitable;
   * `lastLines` are the reasons of the tasks.
   */
  createService(config: ServiceConfig, options?: ConvergeOptions): Promise<string>
  /**
   * Changes a service and waits until it has converged. Its tasks are replaced as `update` says, unless only `replicas`
   * or `update` change. After an abort and after the time limit the service gets its previous settings again.
   *
   * @throws HostError SERVICE_NOT_FOUND, and the errors of `createService`. SERVICE_NOT_CONVERGED with `rolledBack: true` when
   * the cluster has restored the previous settings, and with `rolledBack: false` when it has paused the update. INVALID_ARGUMENT
   * when `replicas` of a service with one task per node is a number, or the reverse, and for `dnsrr` with ports of mode `ingress`,
   * also if the service keeps one of them
   */
  updateService(id: string, change: ServiceChange, options?: ConvergeOptions): Promise<void>
  /** Removes a service and resolves when its tasks are gone. Resolves also when it does not exist. */
  removeService(id: string, options?: OperationOptions): Promise<void>
  /** Lists all services of the cluster, including those that this RuntimeHost did not create. */
  listServices(options?: ListOptions): Promise<readonly ServiceInfo[]>
  /**
   * Resolves with the details of a service.
   *
   * @throws HostError SERVICE_NOT_FOUND
   */
  inspectService(id: string, options?: OperationOptions): Promise<ServiceInspection>
  /**
   * Lists the tasks of a service, the newest first, also ended ones that the cluster keeps.
   *
   * @throws HostError SERVICE_NOT_FOUND
   */
  listTasks(serviceId: string, options?: OperationOptions): Promise<readonly TaskInfo[]>
  /**
   * Resolves with the output of the tasks of a service on all nodes. The chunks of one task are in order. `tailLines` counts the
   * lines of each task. The output on a node that the cluster has lost is missing.
   *
   * With `follow` the stream ends when the service is gone.
   *
   * @throws HostError SERVICE_NOT_FOUND, while the stream is read
   */
  serviceLogs(id: string, options?: LogOptions): Promise<ServiceLogStream>
  /** Lists the nodes of the cluster. */
  listNodes(options?: OperationOptions): Promise<readonly NodeInfo[]>
  /**
   * Stores a secret and resolves with its id. Its value is only in the tasks that use it: no method returns it. The name has at
   * most 64 letters, digits, `_`, `.` and `-`, beginning and ending with a letter or digit.
   *
   * @throws HostError NAME_CONFLICT. INVALID_ARGUMENT for an empty value and one of 500 KiB or more
   */
  createSecret(name: string, value: Uint8Array, options?: CreateSecretOptions): Promise<string>
  /**
   * Removes a secret. Resolves also when it does not exist.
   *
   * @throws HostError IN_USE, with the services that use it in `facts.users`
   */
  removeSecret(id: string, options?: OperationOptions): Promise<void>
  /** Lists all secrets of the cluster. */
  listSecrets(options?: ListOptions): Promise<readonly StoredObjectInfo[]>
  /**
   * Stores a config, a file for tasks that is no secret, and resolves with its id. The name is as that of a secret.
   *
   * @throws HostError NAME_CONFLICT. INVALID_ARGUMENT for an empty value and one of 500 KiB or more
   */
  createConfig(name: string, value: Uint8Array, options?: CreateConfigOptions): Promise<string>
  /**
   * Removes a config. Resolves also when it does not exist.
   *
   * @throws HostError IN_USE, with the services that use it in `facts.users`
   */
  removeConfig(id: string, options?: OperationOptions): Promise<void>
  /** Lists all configs of the cluster. */
  listConfigs(options?: ListOptions): Promise<readonly StoredObjectInfo[]>
}

/** The capability of managing the services of a cluster. */
export const swarmManagerCapability: Capability<SwarmManager> = defineCapability({
  id: 'swarm-manager',
  title: 'cluster services',
})

/** The settings of a service. Each task is a container with the settings of `JobConfig`, which is started again when it ends. */
export interface ServiceConfig extends JobConfig {
  /**
   * At most 63 letters, digits, `_` and `-`, beginning and ending with a letter or digit. Other tasks in its networks resolve
   * it.
   */
  readonly name: string
  /** The number of tasks, 0 or more, or one task on each node that is suitable. */
  readonly replicas: number | 'one-per-node'
  /** Ports to publish; each `containerPort` and each `hostPort` may occur once for each protocol. Default: none. */
  readonly ports?: readonly ServicePort[]
  /**
   * What the name of the service resolves to in its networks: one virtual address that distributes connections (`vip`), or the
   * addresses of all tasks (`dnsrr`). `vip` needs IPVS in the kernels of the nodes, which a runtime cannot check; without it
   * the name does not resolve. INVALID_ARGUMENT for `dnsrr` with ports of mode `ingress`. Default `vip`.
   */
  readonly endpointMode?: 'vip' | 'dnsrr'
  /** How long a task has between the stop signal and its end by force, in milliseconds. Default 10 000. */
  readonly stopGraceMs?: number
  /** How tasks are replaced by `updateService`. */
  readonly update?: UpdatePolicy
}

/** A published port of a service. */
export interface ServicePort {
  /** 1 to 65535. */
  readonly containerPort: number
  /** 1 to 65535. Default: a free port, which `listTasks` or, for `ingress`, `inspectService` reports. */
  readonly hostPort?: number
  /** Default `tcp`. */
  readonly protocol?: Protocol
  /**
   * `host`: on all addresses of the nodes that run a task, so that a node runs at most one task with a given `hostPort`.
   * `ingress`: on all nodes, each of which forwards to any task; needs IPVS in their kernels, which a runtime cannot
   * check. Default `host`.
   */
  readonly mode?: 'host' | 'ingress'
}

/** How the tasks of a service are replaced when its settings change. */
export interface UpdatePolicy {
  /** How many tasks are replaced at the same time; 0 replaces all. Default 1. */
  readonly parallelism?: number
  /** The pause between two replacements in milliseconds. Default 0. */
  readonly delayMs?: number
  /**
   * What the cluster does when a new task fails within `monitorMs`: `rollback` restores the previous settings, `pause` stops
   * replacing, `continue` replaces the other tasks. Default `rollback`.
   */
  readonly failureAction?: 'rollback' | 'pause' | 'continue'
  /** How long a task must run until it counts as started, in milliseconds. Default 5000. */
  readonly monitorMs?: number
}

/** Changed settings of a service. Each replaces the previous value as a whole; at least one must be given. */
export type ServiceChange = Partial<Omit<ServiceConfig, 'name'>>

/** Options of `createService` and `updateService`. */
export interface ConvergeOptions extends OperationOptions {
  /** How long to wait until the service has converged, in milliseconds. Default 300 000, or no limit with a `signal`. */
  readonly timeoutMs?: number
  /** Called when the state of a task or the number of running tasks changes. */
  readonly onProgress?: (progress: ServiceProgress) => void
}

/** The state of a service that is converging. */
export interface ServiceProgress {
  /** Tasks that run with the current settings. */
  readonly running: number
  /** The number of tasks that are to run. */
  readonly desired: number
  /** `rollingBack`: the cluster restores the previous settings. `verifying`: all run, and must do so for `update.monitorMs`. */
  readonly phase: 'starting' | 'updating' | 'verifying' | 'rollingBack'
  /** The tasks with the current settings that are to run or have not started, and the last failed one of each slot. */
  readonly tasks: readonly TaskInfo[]
}

/** An entry of `listServices`. */
export interface ServiceInfo {
  readonly id: string
  readonly name: string
  /** The image as the service was created with it. */
  readonly image: string
  readonly replicas: number | 'one-per-node'
  /** Whether its tasks run to their end, as those of a JobManager do. */
  readonly isJob: boolean
  /** The number of running tasks. */
  readonly running: number
  /** The number of tasks that are to run. */
  readonly desired: number
  readonly ports: readonly ServicePort[]
  readonly labels: StringMap
}

/** The details of a service, from `inspectService`. */
export interface ServiceInspection extends ServiceInfo {
  readonly createdAt: Date
  readonly updatedAt: Date
  /** The last update. `undefined` if the service has had none. */
  readonly update: ServiceUpdate | undefined
  readonly endpointMode: 'vip' | 'dnsrr'
  /** `undefined`: the image's. */
  readonly command: readonly string[] | undefined
  /** The ids of the networks. */
  readonly networks: readonly string[]
  readonly constraints: readonly string[]
  readonly secrets: readonly { readonly secretId: string; readonly secretName: string; readonly target: string }[]
  readonly configs: readonly { readonly configId: string; readonly configName: string; readonly target: string }[]
}

/** The last update of a service. */
export interface ServiceUpdate {
  readonly state: 'updating' | 'paused' | 'completed' | 'rollingBack' | 'rollbackPaused' | 'rolledBack' | 'unknown'
  /** The engine's text about the state. */
  readonly message: string
}

/**
 * The state of a task. `pending`: no node has it yet. `preparing`: a node has it and does not run it yet. `complete`: exited with
 * code 0. `failed`: exited with another code, or could not be started. `rejected`: the node refused it. `stopped`: ended by the
 * cluster. `lost`: its node is lost.
 */
export type TaskState =
  | 'pending'
  | 'preparing'
  | 'running'
  | 'complete'
  | 'failed'
  | 'rejected'
  | 'stopped'
  | 'lost'
  | 'unknown'

/** A task: one run of a service's container on a node. A task that ends is replaced by another one in the same slot. */
export interface TaskInfo {
  readonly id: string
  /** The number of the replica, from 1. `undefined` for a service with one task per node. */
  readonly slot: number | undefined
  /** `undefined` while no node has the task. */
  readonly nodeId: string | undefined
  /** The container on that node, which only the engine of the node lists. `undefined` before it exists. */
  readonly containerId: string | undefined
  readonly image: string
  readonly state: TaskState
  /** Whether the desired state of the task is to run. */
  readonly isDesired: boolean
  /** `undefined` while it runs, and where it is not known. */
  readonly exitCode: number | undefined
  /** Why the task is in this state, such as `no suitable node`. `undefined` if there is no special reason. */
  readonly reason: string | undefined
  /** The ports of mode `host` on the node. */
  readonly ports: readonly (ExposedPort & { readonly hostPort: number })[]
  readonly createdAt: Date
  /** When it reached the state. */
  readonly changedAt: Date
}

/** A piece of the output of a task. */
export interface ServiceLogChunk extends LogChunk {
  readonly taskId: string
  readonly nodeId: string
}

/** The chunks of the log of a service. See `LogStream`. */
export interface ServiceLogStream extends AsyncIterable<ServiceLogChunk>, AsyncDisposable {}

/** A node of a cluster: one engine. */
export interface NodeInfo {
  readonly id: string
  readonly hostname: string
  /** `down`: the cluster has lost it. `unknown`: not known yet. */
  readonly state: 'ready' | 'down' | 'unknown'
  /** `active`: gets tasks. `pause`: keeps its tasks and gets no others. `drain`: its tasks move to other nodes. */
  readonly availability: 'active' | 'pause' | 'drain'
  readonly role: 'manager' | 'worker'
  /** Whether it is the manager that leads the others. */
  readonly isLeader: boolean
  /** The address by which other nodes reach it. `undefined` where the engine does not report it. */
  readonly address: string | undefined
  readonly engineVersion: string
  /** The labels that `constraints` reads as `node.labels.KEY`. */
  readonly labels: StringMap
  readonly cpus: number
  readonly memoryBytes: number
}

/** Options of `createSecret`. */
export interface CreateSecretOptions extends OperationOptions {
  /** For keys that begin with `capstan.`, see `ContainerConfig.labels`. */
  readonly labels?: StringMap
}

/** Options of `createConfig`. */
export interface CreateConfigOptions extends OperationOptions {
  /** For keys that begin with `capstan.`, see `ContainerConfig.labels`. */
  readonly labels?: StringMap
}

/** An entry of `listSecrets` and `listConfigs`. */
export interface StoredObjectInfo {
  readonly id: string
  readonly name: string
  readonly labels: StringMap
  readonly createdAt: Date
}
