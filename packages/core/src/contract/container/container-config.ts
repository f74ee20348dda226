import type { Argv, EnvMap, OperationOptions, ProgressEvent, StringMap } from '../operation.js'
import type { Healthcheck } from './healthcheck.js'
import type { PortSpec } from './ports.js'

/**
 * The settings of a new container. Default of a field that states none: the value of the image, else of the engine.
 *
 * A runtime that does not support a field rejects with OPTION_UNSUPPORTED, and for an unknown field, also of a nested object,
 * with INVALID_ARGUMENT. No field is ignored silently.
 */
export interface ContainerConfig {
  /** A reference (`busybox:1.37`, `registry.example/name@sha256:…`) or an image id. */
  readonly image: string
  /** Letters, digits, `_`, `.` and `-`, beginning with a letter or digit. Default: the engine generates a name. */
  readonly name?: string
  /** The platform of the image, such as `linux/arm64`. Default: the engine's. */
  readonly platform?: string
  /** `missing` (default): pulls an image that the engine does not have. `never`: rejects with IMAGE_NOT_FOUND. */
  readonly pull?: 'missing' | 'never'
  /** The command or, with an entrypoint, its arguments. Default: the image's. */
  readonly command?: Argv
  /** Replaces the image's entrypoint; `command` is appended to it. Default: the image's. */
  readonly entrypoint?: Argv
  /** An absolute path in the container. Default: the image's. */
  readonly workingDirectory?: string
  /** Variables to add to the image's, or to replace. `null` removes a variable; option `env.unset`. */
  readonly env?: EnvMap
  /** The user and optionally the group of the process, by name or number: `app`, `1000:1000`. Default: the image's. */
  readonly user?: string
  /** Additional groups of the process, by name or number. */
  readonly groupAdd?: readonly string[]
  /** The host name in the container. Default: the engine's. */
  readonly hostname?: string
  /** Mounts; each target may occur once. */
  readonly mounts?: readonly Mount[]
  /** Mounts the container's root filesystem read-only. Does not apply to `mounts`. Default false. */
  readonly readOnlyRootFilesystem?: boolean
  /** The networks of the container. Default `{ mode: 'default' }`, the engine's default network. */
  readonly network?: ContainerNetwork
  /** Ports to publish while the container runs. INVALID_ARGUMENT with network mode `host`, `none` or `container`. */
  readonly ports?: readonly PortSpec[]
  /** Ports to declare without publishing them, in addition to those of the image. `inspectContainer` reports them. */
  readonly exposedPorts?: readonly Pick<PortSpec, 'containerPort' | 'protocol'>[]
  /** IP addresses of name servers. Default: the engine's. */
  readonly dns?: readonly string[]
  /** Additional host names with their IP addresses. `host-gateway` stands for the address of the engine's machine. */
  readonly extraHosts?: StringMap
  /** Gives the container root access to the engine's machine. Never use it for untrusted code. Default false. */
  readonly privileged?: boolean
  /** Kernel capabilities to add, such as `NET_ADMIN`. */
  readonly capAdd?: readonly string[]
  /** Kernel capabilities to remove, such as `NET_RAW`, or `ALL`. */
  readonly capDrop?: readonly string[]
  /** Security options of the engine, such as `seccomp=unconfined`. */
  readonly securityOptions?: readonly string[]
  /** Devices of the engine's machine. Each target may occur once. */
  readonly devices?: readonly Device[]
  /** GPUs of the engine's machine. OPTION_UNSUPPORTED, at the latest at the start, where the engine has no driver for them. */
  readonly gpus?: Gpus
  /**
   * The OCI runtime that runs the container, such as `runsc` or `kata`: a name that the engine knows. INVALID_ARGUMENT with
   * the known names for any other. Default: the engine's.
   */
  readonly ociRuntime?: string
  /** The IPC namespace. Default: the engine's, usually `private`. */
  readonly ipcMode?: IpcMode
  /** The namespace of process ids. Default: one of its own. */
  readonly pidMode?: PidMode
  /** Keeps the stdin of the process open for `attach` and `startAttached`. Default false. */
  readonly interactive?: boolean
  /** Allocates a terminal for the process. Default false, also where the caller's stdin is a terminal. */
  readonly tty?: boolean
  /** Labels. Of the keys that begin with `capstan.`, only `capstan.lifetime` is allowed: `lease` or `persistent`. */
  readonly labels?: StringMap
  /** Memory limit in bytes. Default: none. */
  readonly memoryBytes?: number
  /** CPU limit in CPUs; may be a fraction, such as 0.5. Default: none. */
  readonly cpus?: number
  /**
   * The size of `/dev/shm` in bytes. INVALID_ARGUMENT with an `ipcMode` that has no `/dev/shm` of its own. Default: the engine's.
   */
  readonly shmSizeBytes?: number
  /** The largest number of processes. Default: the engine's. */
  readonly pidsLimit?: number
  /** Resource limits; each name may occur once. Default: the engine's. */
  readonly ulimits?: readonly Ulimit[]
  /** Runs an init process as process 1, which reaps zombies. Default: the engine's. */
  readonly init?: boolean
  /** Lets the engine remove the container when it exits. Default false. */
  readonly autoRemove?: boolean
  /** When the engine starts the container again. INVALID_ARGUMENT with `autoRemove`, unless it is `no`. Default `no`. */
  readonly restartPolicy?: RestartPolicy
  /** The signal of `stopContainer`, such as `SIGINT`. Default: the image's, else SIGTERM. */
  readonly stopSignal?: string
  /** How the engine determines the health of the container; `none` turns off the image's check. Default: the image's. */
  readonly healthcheck?: Healthcheck
  /** Where the engine stores the output. Default: the engine's. */
  readonly logDriver?: LogDriver
}

/** Options of `createContainer` and `startSidecar`. */
export interface CreateOptions extends OperationOptions {
  /** Called with the progress of the pull, if the image is pulled. */
  readonly onProgress?: (event: ProgressEvent) => void
}

/**
 * One mount of a container. `target` is an absolute path in the container. `readOnly` is false by default.
 *
 * Bind mounts: `source` is an absolute path on the engine's machine, in the notation of that machine (`/src`, `C:\\src`). It
 * must exist.
 *
 * Volumes: `source` is the name of the volume. A volume that does not exist is created before the container, with the
 * same owner labels as by `createVolume`. If the call then fails or is aborted, the volumes that it created are
 * removed, except those that another container uses. An existing volume is mounted unchanged and never removed.
 * `removeContainer` and `autoRemove` keep all named volumes.
 */
export type Mount =
  | {
      readonly type: 'bind'
      readonly source: string
      readonly target: string
      readonly readOnly?: boolean
      /**
       * Changes the SELinux label of the source on the engine's machine, so that this container (`private`) or all containers
       * (`shared`) can access it. Has no effect on a machine without SELinux. Default: the label is not changed.
       */
      readonly relabel?: 'shared' | 'private'
    }
  | {
      readonly type: 'volume'
      readonly source: string
      readonly target: string
      readonly readOnly?: boolean
      /** Labels of the volume, if this call creates it. Default of `capstan.lifetime`: that of the container. */
      readonly labels?: StringMap
    }
  | {
      readonly type: 'tmpfs'
      readonly target: string
      /** The largest size in bytes. Default: the engine's. */
      readonly sizeBytes?: number
      /** Permission bits, such as `0o1777`. Default: the engine's. */
      readonly mode?: number
      /** Allows the execution of programs there. Default false. */
      readonly executable?: boolean
    }

/**
 * The network mode of a container, or the networks that it joins.
 *
 * `container`: the network namespace of another container, given by its id or name, with its addresses and ports.
 * `createContainer` rejects with CONTAINER_NOT_FOUND if it does not exist, and the start with NOT_RUNNING and its id if it does
 * not run. INVALID_ARGUMENT with `hostname`, `ports`, `exposedPorts`, `dns` and `extraHosts`, which belong to the other container.
 */
export type ContainerNetwork =
  | { readonly mode: 'default' | 'none' | 'host' }
  | { readonly mode: 'container'; readonly id: string }
  | { readonly mode: 'networks'; readonly networks: readonly [NetworkJoin, ...NetworkJoin[]] }

/** A network that a container joins. */
export interface NetworkJoin {
  /** The id that `createNetwork` returned, or the name of the network. `default` is the engine's default network. */
  readonly networkId: string
  /**
   * Additional names by which other containers of that network resolve this one. Default: none. OPTION_UNSUPPORTED with the
   * field `network.aliases` for the default network of an engine that has no name service there.
   */
  readonly aliases?: readonly string[]
  /**
   * A fixed IPv4 or IPv6 address, in a subnet that the network was created with. INVALID_ARGUMENT for the default network.
   * An address that another running container has rejects with IN_USE, at the start of the container at the latest.
   * Default: the engine chooses an address at each start.
   */
  readonly ipAddress?: string
}

/** A resource limit of the container's processes, see setrlimit(2). -1 means unlimited. */
export interface Ulimit {
  /** Lower case, without `RLIMIT_`: `nofile`, `nproc`. */
  readonly name: string
  readonly soft: number
  readonly hard: number
}

/** A device of the engine's machine in a container. */
export interface Device {
  /** An absolute path on the engine's machine, such as `/dev/kvm`. */
  readonly source: string
  /** An absolute path in the container. Default: `source`. */
  readonly target?: string
  /** What the container may do: `r` read, `w` write, `m` create the device file. Default `rwm`. */
  readonly permissions?: string
}

/** All GPUs, a number of them, or those with the ids or numbers that their driver uses. */
export type Gpus = 'all' | { readonly count: number } | { readonly ids: readonly string[] }

/**
 * `none`: no `/dev/shm`. `private`: a namespace of its own. `shareable`: its own, which other containers may join. `host`: that of
 * the engine's machine. `container`: the id or name of a running container that is `shareable`.
 */
export type IpcMode = 'none' | 'private' | 'shareable' | 'host' | { readonly container: string }

/** `host`: the namespace of the engine's machine. `container`: the id or name of a running container. */
export type PidMode = 'host' | { readonly container: string }

/**
 * When the engine starts a container again after its exit: never (`no`), after an exit code other than 0 (`on-failure`), or after
 * every exit (`always`, `unless-stopped`). Never after `stopContainer`. Engines wait longer before each further start.
 *
 * `always` and `unless-stopped` also start the container when the engine starts; `unless-stopped` not if it had been stopped.
 */
export interface RestartPolicy {
  readonly name: 'no' | 'always' | 'unless-stopped' | 'on-failure'
  /** The largest number of restarts; only for `on-failure`. Default: no limit. */
  readonly maxRetries?: number
}

/** A log driver of the engine. Reading a log that the driver does not keep rejects with LOGS_UNAVAILABLE. */
export interface LogDriver {
  /** A name that the engine knows, such as `json-file`, or `none`. INVALID_ARGUMENT with the known names for any other. */
  readonly name: string
  /** Options of the driver, such as `max-size`. Default: the driver's. */
  readonly options?: StringMap
}
