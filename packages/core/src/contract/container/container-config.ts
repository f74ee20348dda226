import type { Argv, EnvMap, OperationOptions, ProgressEvent, StringMap } from '../operation.js'
import type { PortSpec } from './ports.js'

/**
 * What a container is made from. Everything optional is "as the image or the engine has it" when absent.
 *
 * A field that a runtime cannot honour is refused with OPTION_UNSUPPORTED, never dropped.
 */
export interface ContainerConfig {
  /** A reference (`busybox:1.37`, `host/name@sha256:…`) or an image id. */
  readonly image: string
  /** Letters, digits, `_ . -`; begins with a letter or digit. Default: the engine picks one. */
  readonly name?: string
  /** For example `linux/arm64`. */
  readonly platform?: string
  /** Default `missing`: an absent image is pulled; with `never` it is IMAGE_NOT_FOUND. */
  readonly pull?: 'missing' | 'never'
  /** What runs, after the entrypoint. Default: the image's. */
  readonly command?: Argv
  /** Stands before `command`, in place of the image's. */
  readonly entrypoint?: Argv
  /** An absolute path in the container. */
  readonly workingDirectory?: string
  /** Added to the image's variables, in place of those of the same names; `null` removes one (`env.unset` where refused). */
  readonly env?: EnvMap
  /** A name or a number, with or without a group: `app`, `1000:1000`. Default: the image's. */
  readonly user?: string
  /** Further groups of the process, by name or number. */
  readonly groupAdd?: readonly string[]
  /** What the container calls itself. */
  readonly hostname?: string
  /** No two have one target. */
  readonly mounts?: readonly Mount[]
  /** Mounts stay as they are. Default false. */
  readonly readOnlyRootFilesystem?: boolean
  /** Default `{ mode: 'default' }`. */
  readonly network?: ContainerNetwork
  /** Published from the start to the exit; refused with network mode `host` or `none`. */
  readonly ports?: readonly PortSpec[]
  /** Addresses of name servers. Default: the engine's. */
  readonly dns?: readonly string[]
  /** Host name → address, or `host-gateway`. */
  readonly extraHosts?: StringMap
  /** Root of the engine's machine in all but name: never for code that is not trusted. Default false. */
  readonly privileged?: boolean
  /** For example `NET_ADMIN`. */
  readonly capAdd?: readonly string[]
  /** For example `NET_RAW`, or `ALL`. */
  readonly capDrop?: readonly string[]
  /** For example `seccomp=unconfined`. */
  readonly securityOptions?: readonly string[]
  /** Keeps stdin open. Default false. */
  readonly interactive?: boolean
  /** Gives the process a terminal. Default false, whatever the caller's own stdin is. */
  readonly tty?: boolean
  /** Keys that begin with `capstan.` are refused: they are the host's. But `capstan.lifetime` may be `lease` or `persistent`. */
  readonly labels?: StringMap
  /** Limit of memory. Default: none. */
  readonly memoryBytes?: number
  /** How many CPUs it may use; may be a part of one: 0.5. Default: all. */
  readonly cpus?: number
  /** How many processes there may be. Default: the engine's. */
  readonly pidsLimit?: number
  /** Each name once. Default: the engine's. */
  readonly ulimits?: readonly Ulimit[]
  /** Runs an init that reaps zombies as process 1. */
  readonly init?: boolean
  /** The engine removes the container when it has exited. Default false. */
  readonly autoRemove?: boolean
  /** For example `SIGINT`. */
  readonly stopSignal?: string
}

/** `createContainer` options: `onProgress` reports the pull, when there is one. */
export interface CreateOptions extends OperationOptions {
  readonly onProgress?: (event: ProgressEvent) => void
}

/**
 * `target` is absolute.
 *
 * `source` of a bind is an absolute path on the engine's machine, in its notation (`/src`, `C:\\src`), and must exist.
 *
 * `source` of a volume is its name. A volume that is absent is created with the labels of this host, as `createVolume`
 * does, before the container is. If the call then fails or is aborted, the volumes that it created are removed again,
 * except those that another container uses by then. A volume that exists is mounted as it is: its labels are not changed,
 * and it is never removed. `removeContainer` and `autoRemove` keep all named volumes.
 */
export type Mount =
  | { readonly type: 'bind'; readonly source: string; readonly target: string; readonly readOnly?: boolean }
  | {
      readonly type: 'volume'
      readonly source: string
      readonly target: string
      readonly readOnly?: boolean
      /**
       * Further labels of the volume, where this call creates it. For keys that begin with `capstan.`, see
       * `ContainerConfig.labels`; the default of `capstan.lifetime` is that of the container.
       */
      readonly labels?: StringMap
    }
  | {
      readonly type: 'tmpfs'
      readonly target: string
      /** Default: the engine's. */
      readonly sizeBytes?: number
      /** Permission bits, for example `0o1777`. */
      readonly mode?: number
      /** Whether programs may be run there. Default false. */
      readonly executable?: boolean
    }

/** What a container is attached to. Several networks: a proxy with one foot inside, one outside. */
export type ContainerNetwork =
  | { readonly mode: 'default' | 'none' | 'host' }
  | { readonly mode: 'networks'; readonly networks: readonly [NetworkJoin, ...NetworkJoin[]] }

/** One network to join. */
export interface NetworkJoin {
  /** The id that `createNetwork` gave, or the name. */
  readonly networkId: string
  /** Names by which peers of that network resolve the container. */
  readonly aliases?: readonly string[]
}

/** A resource limit of the container's processes; -1 is unlimited. */
export interface Ulimit {
  /** As in `nofile`, `nproc`. */
  readonly name: string
  readonly soft: number
  readonly hard: number
}
