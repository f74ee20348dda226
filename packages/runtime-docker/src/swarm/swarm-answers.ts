// Answers and bodies of requests about a swarm, with the fields that this package reads or sends.
// https://docs.docker.com/reference/api/engine/ (Service, Task, Node, Secret, Config)

/** A service, as `GET /services` and `GET /services/{id}` report it. */
export interface SwarmService {
  readonly ID: string
  readonly Version: { readonly Index: number }
  readonly CreatedAt: string
  readonly UpdatedAt: string
  readonly Spec: ServiceSpec
  readonly Endpoint?: {
    readonly Spec?: { readonly Mode?: string }
    readonly Ports?: readonly SwarmPort[] | null
  } | null
  readonly UpdateStatus?: { readonly State?: string; readonly Message?: string } | null
  /** Only a list with `status` has it. */
  readonly ServiceStatus?: { readonly RunningTasks?: number; readonly DesiredTasks?: number } | null
}

/** The settings of a service. Fields that this package does not read are sent back unchanged by an update. */
export interface ServiceSpec {
  readonly Name: string
  readonly Labels?: SwarmLabels
  readonly TaskTemplate: TaskTemplate
  readonly Mode?: {
    readonly Replicated?: { readonly Replicas?: number }
    readonly Global?: object
    readonly ReplicatedJob?: { readonly MaxConcurrent?: number; readonly TotalCompletions?: number }
    readonly GlobalJob?: object
  }
  readonly UpdateConfig?: SwarmUpdateConfig
  readonly RollbackConfig?: SwarmUpdateConfig
  readonly EndpointSpec?: { readonly Mode?: string; readonly Ports?: readonly SwarmPort[] | null } | null
}

/** Labels. Some answers have `null` when there are none. */
export type SwarmLabels = Readonly<Record<string, string>> | null

/** The settings of the tasks of a service. */
export interface TaskTemplate {
  readonly ContainerSpec: ContainerSpec
  readonly Resources?: {
    readonly Limits?: { readonly NanoCPUs?: number | undefined; readonly MemoryBytes?: number | undefined }
  }
  readonly RestartPolicy?: { readonly Condition?: string; readonly MaxAttempts?: number }
  readonly Placement?: { readonly Constraints?: readonly string[] | null }
  readonly Networks?: readonly { readonly Target?: string }[] | null
}

/** The settings of the containers of tasks. */
export interface ContainerSpec {
  readonly Image?: string | undefined
  readonly Labels?: SwarmLabels | undefined
  /** The entrypoint. */
  readonly Command?: readonly string[] | null | undefined
  /** The command. */
  readonly Args?: readonly string[] | null | undefined
  readonly Env?: readonly string[] | null | undefined
  readonly Dir?: string | undefined
  readonly User?: string | undefined
  /** In nanoseconds. */
  readonly StopGracePeriod?: number | undefined
  readonly Healthcheck?: { readonly Test?: readonly string[] | null } | null
  readonly Mounts?: readonly object[] | null | undefined
  readonly Secrets?:
    | readonly (MountedFile & { readonly SecretID?: string; readonly SecretName?: string })[]
    | null
    | undefined
  readonly Configs?:
    | readonly (MountedFile & { readonly ConfigID?: string; readonly ConfigName?: string })[]
    | null
    | undefined
}

/** A secret or a config in a container. `Mode` has the bits of a file mode of Go. */
export interface MountedFile {
  readonly File?: { readonly Name: string; readonly UID: string; readonly GID: string; readonly Mode: number }
}

/** How an update or a rollback replaces tasks. */
export interface SwarmUpdateConfig {
  readonly Parallelism?: number
  /** In nanoseconds. */
  readonly Delay?: number
  readonly FailureAction?: string
  /** In nanoseconds. */
  readonly Monitor?: number
}

/** A published port of a service or of a task. */
export interface SwarmPort {
  readonly Protocol?: string
  readonly TargetPort?: number
  readonly PublishedPort?: number
  readonly PublishMode?: string
}

/** A task, as `GET /tasks` reports it. */
export interface SwarmTask {
  readonly ID: string
  readonly CreatedAt: string
  readonly ServiceID: string
  readonly Slot?: number
  readonly NodeID?: string
  readonly Spec?: { readonly ContainerSpec?: ContainerSpec }
  readonly DesiredState?: string
  readonly Status?: {
    readonly Timestamp?: string
    readonly State?: string
    readonly Err?: string
    readonly ContainerStatus?: { readonly ContainerID?: string; readonly ExitCode?: number } | null
    readonly PortStatus?: { readonly Ports?: readonly SwarmPort[] | null } | null
  }
}

/** A node, as `GET /nodes` reports it. */
export interface SwarmNode {
  readonly ID: string
  readonly Spec?: { readonly Labels?: SwarmLabels; readonly Role?: string; readonly Availability?: string }
  readonly Description?: {
    readonly Hostname?: string
    readonly Resources?: { readonly NanoCPUs?: number; readonly MemoryBytes?: number }
    readonly Engine?: { readonly EngineVersion?: string }
  }
  readonly Status?: { readonly State?: string; readonly Addr?: string }
  readonly ManagerStatus?: { readonly Leader?: boolean } | null
}

/** A secret or a config. */
export interface SwarmStoredObject {
  readonly ID: string
  readonly CreatedAt: string
  readonly Spec: { readonly Name: string; readonly Labels?: SwarmLabels }
}
