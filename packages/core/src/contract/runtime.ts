import { type Capability, defineCapability } from './capability.js'
import type { AttachOptions, TerminalSize } from './container/attach.js'
import type { ContainerConfig, CreateOptions } from './container/container-config.js'
import type {
  ContainerInfo,
  ContainerInspection,
  ContainerState,
  ListContainersOptions,
  RemoveOptions,
  StopOptions,
} from './container/container-info.js'
import type { LogOptions, LogStream } from './container/logs.js'
import type { ImageInfo, ListImagesOptions } from './image/image.js'
import type { OperationOptions } from './operation.js'

/**
 * The operations that every runtime supports. Optional operations are methods of managers: see `findCapability`.
 *
 * All methods except `getImageHomeDir` validate their arguments first: INVALID_ARGUMENT, before any side effect. An
 * option that the runtime does not support rejects with OPTION_UNSUPPORTED, before any side effect if the runtime can
 * tell in advance; otherwise the call first removes what it created. A method that takes the id of a container rejects
 * with CONTAINER_NOT_FOUND where the container does not exist, unless stated otherwise. After `close` every other
 * method with I/O rejects with RUNTIME_UNAVAILABLE.
 *
 * A container is given by its id or its name.
 */
export interface Runtime {
  /** For messages: `docker`, `apple`, `memory` or a name of a third party. Capabilities tell what a runtime can do. */
  readonly type: string

  /**
   * The name or address at which this process reaches the ports that are published on all addresses of the engine's machine:
   * `127.0.0.1`, or the host of an engine on another machine. `undefined` where it is not known. See `toReachableHost`.
   */
  readonly portHost: string | undefined

  /** Resolves when the engine answers a request. */
  ping(options?: OperationOptions): Promise<void>

  /**
   * Creates a container and resolves with its full id. Pulls the image first if it is missing and `pull` is not `never`.
   *
   * @throws HostError NAME_CONFLICT when the name is in use. IMAGE_NOT_FOUND, IMAGE_PULL_FAILED.
   */
  createContainer(config: ContainerConfig, options?: CreateOptions): Promise<string>

  /**
   * Starts a container. Resolves when its process has started, also if it has ended by then. Resolves if the container is
   * already running. A stored terminal size and stored firewall rules are set; see `FirewallManager.setupFirewall`.
   *
   * @throws HostError COMMAND_NOT_STARTED when the image has no such command (exit code 127) or it is not executable (126);
   * the container is kept and not running. A process that starts and exits with 126 or 127 itself is not an error.
   * FIREWALL_FAILED when stored rules cannot be set. NOT_RUNNING for a paused container.
   */
  startContainer(id: string, options?: OperationOptions): Promise<void>

  /**
   * Sends the stop signal, then SIGKILL after `graceMs`. Resolves when the container is not running or is absent. The engine does
   * not restart it then, except Podman if the call falls between two runs. A paused container is unpaused.
   */
  stopContainer(id: string, options?: StopOptions): Promise<void>

  /**
   * Resolves with the exit code of a container when it has been started and has exited. With a restart policy, resolves at the
   * next exit, and the engine may start the container again.
   *
   * @throws HostError EXIT_CODE_UNKNOWN when the exit code cannot be determined
   */
  waitContainer(id: string, options?: OperationOptions): Promise<number>

  /**
   * Removes a container, killing it if it is running, and its anonymous volumes unless `keepVolumes` is true. Resolves also
   * if it does not exist. Concurrent removals of one container all resolve.
   *
   * @throws HostError IN_USE while other containers use its namespaces, on an engine that then keeps it, such as Podman
   */
  removeContainer(id: string, options?: RemoveOptions): Promise<void>

  /**
   * Resolves with a log, without waiting for output. Errors such as CONTAINER_NOT_FOUND come when it is iterated. With a restart
   * policy, a followed log ends at the next exit.
   *
   * @throws HostError LOGS_UNAVAILABLE when the log driver keeps no output, also by `containerLogsAll`
   */
  containerLogs(id: string, options?: LogOptions): Promise<LogStream>

  /** Resolves with all output written until now, in order of arrival, without waiting for the container to stop. */
  containerLogsAll(id: string, options?: OperationOptions): Promise<Uint8Array>

  /** Resolves with the state of a container. */
  containerState(id: string, options?: OperationOptions): Promise<ContainerState>

  /** Resolves with the details of a container, running or not. */
  inspectContainer(id: string, options?: OperationOptions): Promise<ContainerInspection>

  /** Resolves with whether the engine has an image. `image`: a reference or an id. Rejects if the engine does not answer. */
  imageExists(image: string, options?: OperationOptions): Promise<boolean>

  /**
   * Resolves with the home directory of an image's user: HOME of its environment, else derived from its user, else `/root`.
   *
   * Does not validate `image`: for an image that does not exist, and for a text that is not a reference, resolves with
   * `/root`. Pulls nothing. Rejects only on an abort and after `close`.
   */
  getImageHomeDir(image: string, options?: OperationOptions): Promise<string>

  /** Lists the images of the engine, one entry for each image, regardless of its number of tags. */
  listImages(options?: ListImagesOptions): Promise<readonly ImageInfo[]>

  /**
   * Removes an image. Given a tag, removes that tag, and the image with its last tag; given an id, removes the image with all
   * its tags. Resolves also if it does not exist.
   *
   * @throws HostError IN_USE when a container uses it, or another image that the engine records as based on it, with their names in
   * `facts.users`
   */
  removeImage(image: string, options?: OperationOptions): Promise<void>

  /**
   * Attaches streams to a running container. Resolves when its output ends, with a restart policy at the next exit. An abort
   * detaches; the container continues.
   *
   * @throws HostError NOT_RUNNING, also for a paused container; NOT_ATTACHABLE when the runtime cannot attach to this container
   */
  attach(id: string, options: AttachOptions): Promise<void>

  /**
   * Attaches streams to a container, then starts it, so that no output is lost. Resolves with the exit code after all output
   * has been written, with a restart policy at the first exit.
   *
   * Output is read no faster than `stdout` and `stderr` accept it, so the process blocks while a stream is slow. An abort
   * stops the container; `close` of the runtime does not. If `stdin` emits an error, the call rejects.
   *
   * @throws HostError COMMAND_NOT_STARTED and FIREWALL_FAILED as `startContainer`; EXIT_CODE_UNKNOWN
   */
  startAttached(id: string, options: AttachOptions): Promise<number>

  /**
   * Sets the size of a container's terminal. Before the start, the size is stored and set at the start. Does nothing if the
   * container has no terminal or has exited.
   *
   * @throws HostError OPTION_UNSUPPORTED with the field `tty.resize` when this runtime cannot resize terminals
   */
  resizeTTY(id: string, size: TerminalSize, options?: OperationOptions): Promise<void>

  /**
   * Resolves with the IP address by which containers reach the engine's machine, as the engine reports it. Resolves
   * with `undefined` for an internal network, for an engine on another machine, and for a network whose address the
   * engine does not know yet because no container has run on it.
   *
   * @throws HostError NETWORK_NOT_FOUND
   */
  getHostAddress(options?: HostAddressOptions): Promise<string | undefined>

  /** Whether the network mode `host` is supported: `unsupportedOptions` contains neither `network.host` nor `network`. */
  supportsHostNetwork(): boolean

  /**
   * Resolves with the host port of each published container port; of several bindings TCP takes precedence over UDP and IPv4
   * over IPv6. Empty if no port is published. `inspectContainer` lists all bindings with protocol and address.
   */
  getPortBindings(id: string, options?: OperationOptions): Promise<ReadonlyMap<number, number>>

  /** Lists all containers of the engine, including stopped ones and those that this RuntimeHost did not create. */
  listContainers(options?: ListContainersOptions): Promise<readonly ContainerInfo[]>

  /**
   * Aborts all running calls, closes all streams and connections, and resolves when partial work is undone. Does not stop
   * containers. Idempotent.
   */
  close(): Promise<void>
}

/** The options of containers, logs and terminals, which a runtime may not support. */
const options = {
  name: 'a chosen name of the container',
  platform: 'an image of a given platform',
  pull: 'creation without pulling a missing image',
  command: "a command in place of the image's",
  entrypoint: "an entrypoint in place of the image's",
  workingDirectory: 'a working directory',
  env: 'environment variables',
  'env.unset': 'the removal of a variable of the image',
  user: 'a user of the process',
  groupAdd: 'additional groups of the process',
  hostname: 'a chosen host name',
  mounts: 'mounts of any type',
  'mounts.bind': 'bind mounts',
  'mounts.bind.relabel': 'a changed SELinux label of the source of a bind mount',
  'mounts.volume': 'volume mounts',
  'mounts.volume.shared': 'one volume in two containers that run at the same time',
  'mounts.tmpfs': 'tmpfs mounts',
  'mounts.tmpfs.noexec': 'tmpfs mounts on which programs cannot be executed, which is the default',
  'mounts.tmpfs.size': 'a tmpfs size that is not a whole number of MiB',
  readOnlyRootFilesystem: 'a read-only root filesystem',
  network: 'a network mode other than the default',
  'network.host': "the network of the engine's machine",
  'network.none': 'a container without a network',
  'network.container': 'the network of another container',
  'network.several': 'several networks of one container',
  'network.aliases': 'aliases of the container in a network',
  'network.ipAddress': 'a fixed address of the container in a network',
  ports: 'published ports',
  'ports.hostPort': "a chosen port of the engine's machine",
  'ports.udp': 'published UDP ports',
  'ports.ipv6': 'publishing on an IPv6 address; without it, "any" means all IPv4 addresses',
  exposedPorts: 'ports that are declared and not published',
  dns: 'name servers of the container',
  extraHosts: 'additional host names',
  privileged: 'a privileged container',
  capAdd: 'additional kernel capabilities',
  capDrop: 'removed kernel capabilities',
  securityOptions: 'security options',
  devices: "devices of the engine's machine",
  gpus: "GPUs of the engine's machine",
  ociRuntime: 'a chosen OCI runtime',
  ipcMode: 'a chosen IPC namespace',
  pidMode: 'a chosen namespace of process ids',
  interactive: 'an open stdin',
  tty: 'a terminal for the process',
  'tty.resize': 'resizing of a terminal',
  labels: 'labels of the container',
  'labels.equalsSign': 'a label with an equals sign in its value',
  memoryBytes: 'a memory limit',
  'memoryBytes.small': 'a memory limit below 200 MiB',
  cpus: 'a CPU limit',
  'cpus.fraction': 'a CPU limit that is not a whole number',
  shmSizeBytes: 'a chosen size of /dev/shm',
  pidsLimit: 'a limit of processes',
  ulimits: 'resource limits of the processes',
  init: 'an init process',
  autoRemove: 'removal by the engine when the container exits',
  restartPolicy: 'a restart by the engine when the container exits',
  stopSignal: 'a stop signal',
  healthcheck: 'a health check',
  logDriver: 'a chosen log driver',
  'logDriver.options': 'options of the log driver',
  'logs.since': 'logs from a time on',
  'logs.timestamps': 'timestamps in logs',
  'logs.split': 'logs of stdout or of stderr alone',
  'logs.binary': 'unchanged log bytes that are not UTF-8',
  'foreignContainers.output': 'attaching to a container that another process started',
  'foreignContainers.exitCode': 'waiting for a container that another process started',
} as const

/** The capability that every runtime plugin must provide. */
export const runtimeCapability: Capability<Runtime, keyof typeof options> = defineCapability({
  id: 'runtime',
  title: 'runtime',
  options,
})

/** Options of `getHostAddress`. */
export interface HostAddressOptions extends OperationOptions {
  /** The network of the container, see `NetworkJoin.networkId`. Default: the engine's default network. */
  readonly networkId?: string
}
