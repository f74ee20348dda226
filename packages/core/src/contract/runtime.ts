import { type Capability, defineCapability } from './capability.js'
import type { AttachOptions, TerminalSize } from './container/attach.js'
import type { ContainerConfig, CreateOptions } from './container/container-config.js'
import type {
  ContainerInfo,
  ContainerInspection,
  ContainerState,
  ListContainersOptions,
  StopOptions,
} from './container/container-info.js'
import type { LogOptions, LogStream } from './container/logs.js'
import type { ImageInfo } from './image/image.js'
import type { ListOptions, OperationOptions } from './operation.js'

/**
 * The operations that every runtime has. Optional ones are in the managers of capabilities.
 *
 * After `close` every call rejects with RUNTIME_UNAVAILABLE. Ids, names, references and options are checked first, by the
 * validators of core: INVALID_ARGUMENT before any side effect. `getImageHomeDir` validates nothing, and never rejects because
 * of its argument. A runtime refuses an option that it cannot honour with OPTION_UNSUPPORTED, before any side effect where
 * that can be known, else after undoing what was made.
 */
export interface Runtime {
  /** `docker`, `apple`, `memory`, or a third party's name. For messages and labels, never to find out an ability. */
  readonly type: string

  /** Resolves when the engine answers. */
  ping(options?: OperationOptions): Promise<void>

  /** Makes a container, pulling a missing image first unless `pull` is `never`; resolves with its full id. Name taken: NAME_CONFLICT. */
  createContainer(config: ContainerConfig, options?: CreateOptions): Promise<string>

  /**
   * Starts a container; resolves when its program runs, or has run. Already running: resolves. The kept terminal size is
   * applied.
   *
   * COMMAND_NOT_STARTED: the image lacks the command (exit code 127) or may not execute it (126); the container then does
   * not run, and stays. A program that starts and ends with 126 or 127 of its own is no error.
   *
   * With kept firewall rules the process runs under them from its first instruction, or the start rejects with
   * FIREWALL_FAILED; see `FirewallManager.setupFirewall`.
   */
  startContainer(id: string, options?: OperationOptions): Promise<void>

  /** Not running, or gone: resolves. */
  stopContainer(id: string, options?: StopOptions): Promise<void>

  /** Waits for start and exit; the true exit code, else EXIT_CODE_UNKNOWN. Gone before the call: CONTAINER_NOT_FOUND. */
  waitContainer(id: string, options?: OperationOptions): Promise<number>

  /** By force, with its anonymous volumes. Gone: resolves; two at once: both resolve. */
  removeContainer(id: string, options?: OperationOptions): Promise<void>

  /** Resolves at once, also for a container that is silent; errors of opening surface on the stream. */
  containerLogs(id: string, options?: LogOptions): Promise<LogStream>

  /** Everything written so far, in order of arrival; does not wait for the container to stop. */
  containerLogsAll(id: string, options?: OperationOptions): Promise<Uint8Array>

  /** Gone: CONTAINER_NOT_FOUND; a state that is not known here: `unknown`. */
  containerState(id: string, options?: OperationOptions): Promise<ContainerState>

  /** Everything that is known of one container, running or not. Gone: CONTAINER_NOT_FOUND. */
  inspectContainer(id: string, options?: OperationOptions): Promise<ContainerInspection>

  /** False only when the engine says that it is absent. */
  imageExists(tag: string, options?: OperationOptions): Promise<boolean>

  /**
   * HOME of the image's env, else by its user, else `/root`, also for an absent image and for a text that cannot be an image:
   * nothing is validated. Pulls nothing; rejects for an abort and after `close` alone.
   */
  getImageHomeDir(image: string, options?: OperationOptions): Promise<string>

  /** All images of the engine, one entry each, whatever the number of tags. */
  listImages(options?: ListOptions): Promise<readonly ImageInfo[]>

  /** Gone: resolves. Used by a container: IN_USE. */
  removeImage(id: string, options?: OperationOptions): Promise<void>

  /** Joins a running container until its output ends or the signal aborts; the container goes on. Else NOT_RUNNING or NOT_ATTACHABLE. */
  attach(id: string, options: AttachOptions): Promise<void>

  /**
   * Attached before it is started, so nothing of a 1 ms process is lost; resolves with the exit code after all output.
   *
   * Output is read no faster than `stdout` and `stderr` take it: what a slow one has not taken is neither dropped nor kept
   * in memory without bound, and the program blocks when the buffers are full. An output that is not given is read and dropped. A
   * command that does not start: COMMAND_NOT_STARTED, as by `startContainer`. An abort stops what was started. A `stdin` that fails
   * fails the call.
   */
  startAttached(id: string, options: AttachOptions): Promise<number>

  /**
   * Sets the size of the container's terminal. Not started yet: the size is stored and set at the start. Without a
   * terminal, and after the exit: resolves and changes nothing. A terminal that this runtime cannot resize:
   * OPTION_UNSUPPORTED naming `tty.resize`. Gone: CONTAINER_NOT_FOUND.
   */
  resizeTTY(id: string, size: TerminalSize, options?: OperationOptions): Promise<void>

  /**
   * Resolves with the address by which a container reaches this host, read from the engine, never a constant. `undefined`
   * where there is none (an internal network) and where the engine does not know it (an engine on another machine, a
   * network on which nothing has run yet). An absent network: NETWORK_NOT_FOUND.
   */
  getHostAddress(options?: HostAddressOptions): Promise<string | undefined>

  /** False where `unsupportedOptions` names `network.host` (or `network`); asks nothing of the engine. */
  supportsHostNetwork(): boolean

  /**
   * Container port → host port, TCP first; empty when nothing is published. `inspectContainer` lists all bindings with
   * protocol and address.
   */
  getPortBindings(id: string, options?: OperationOptions): Promise<ReadonlyMap<number, number>>

  /** All containers of the engine, stopped ones too. */
  listContainers(options?: ListContainersOptions): Promise<readonly ContainerInfo[]>

  /** Idempotent; ends streams, keeps no handle, stops no container. */
  close(): Promise<void>
}

/** Options of containers, logs and terminals that a runtime may refuse. */
const refusable = {
  name: 'a chosen name of the container',
  platform: 'an image of a given platform',
  pull: 'creation without a pull of a missing image',
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
  'mounts.volume': 'volume mounts',
  'mounts.volume.shared': 'one volume in two containers that run at once',
  'mounts.tmpfs': 'tmpfs mounts',
  'mounts.tmpfs.noexec': 'tmpfs mounts without execution of programs, which is the default',
  'mounts.tmpfs.size': 'a tmpfs size that is not a whole number of MiB',
  readOnlyRootFilesystem: 'a read-only root filesystem',
  network: 'a network mode other than the default',
  'network.host': 'the network of the host',
  'network.none': 'a container without a network',
  'network.several': 'several networks of one container',
  'network.aliases': 'aliases of the container in a network',
  ports: 'published ports',
  'ports.hostPort': 'a chosen port of the host',
  'ports.udp': 'published UDP ports',
  'ports.ipv6': 'an IPv6 address of the host; if refused, "any" means all IPv4 addresses',
  dns: 'name servers of the container',
  extraHosts: 'additional host names',
  privileged: 'a privileged container',
  capAdd: 'additional kernel capabilities',
  capDrop: 'removed kernel capabilities',
  securityOptions: 'security options',
  interactive: 'an open stdin',
  tty: 'a terminal for the process',
  'tty.resize': 'resizing of a terminal',
  labels: 'labels of the container',
  'labels.equalsSign': 'a label with an equals sign in its value',
  memoryBytes: 'a memory limit',
  'memoryBytes.small': 'a memory limit below 200 MiB',
  cpus: 'a CPU limit',
  'cpus.fraction': 'a CPU limit that is not a whole number',
  pidsLimit: 'a limit of processes',
  ulimits: 'resource limits of the processes',
  init: 'an init process',
  autoRemove: 'removal by the engine when the container exits',
  stopSignal: 'a stop signal',
  'logs.since': 'logs from a time on',
  'logs.timestamps': 'timestamps in logs',
  'logs.split': 'logs of stdout or of stderr alone',
  'logs.binary': 'unchanged log bytes that are not UTF-8',
  'foreignContainers.output': 'attaching to a container that another process started',
  'foreignContainers.exitCode': 'waiting for a container that another process started',
} as const

/** The one capability that every runtime plugin provides. */
export const runtimeCapability: Capability<Runtime, keyof typeof refusable> = defineCapability({
  id: 'runtime',
  title: 'runtime',
  refusable,
})

/** Options of `getHostAddress`. */
export interface HostAddressOptions extends OperationOptions {
  /** Seen from a container of that network. Default: from the default network. */
  readonly networkId?: string
}
