import type { Capability } from './capability.js'
import type { ContainerConfig } from './container/container-config.js'
import type { Environment } from './environment.js'
import type { OperationOptions } from './operation.js'

/** What a probe gets. */
export interface ProbeOptions extends OperationOptions {
  /**
   * The limit that the host or the plugin's own `probeTimeoutMs` sets, in milliseconds. `undefined` where neither sets one:
   * the probe then keeps a limit that fits what it asks, such as 10 s for a socket of this machine and 30 s for another
   * machine or a command. The host waits 30 s for a plugin that keeps none.
   */
  readonly timeoutMs?: number | undefined
  /** The environment that the host was given: read this, and pass it to child processes, instead of `process.env`. */
  readonly env: Environment
}

/** What a probe answers. An odd answer counts as a failure of the probe: PLUGIN_INVALID in an attempt. */
export type ProbeResult<P> =
  | {
      readonly available: true
      /** Of the engine, as people know it. */
      readonly version: string
      /** Where it was found, as people know it. */
      readonly endpoint: string
      /** Goes to `register` as it is. */
      readonly details: P
      /** The plugin's claim, the runtime included: `register` must provide exactly these, else PLUGIN_INVALID. */
      readonly provides: readonly Capability<object>[]
      /** Each capability of core that is not among `provides`, with its reason. */
      readonly absent: readonly AbsentCapability[]
      /** What is finer than a capability, and cannot be kept here. */
      readonly refuses: readonly RefusedOption[]
      /** Candidates that did not serve, in order. */
      readonly attempts: readonly ProbeAttempt[]
      /** What is worth knowing, in words. */
      readonly notes: readonly string[]
    }
  | {
      readonly available: false
      /** The user named this endpoint: `open` without a name goes to no other plugin. See `RuntimePlugin.isChosen`. */
      readonly chosen: boolean
      /** Candidates that did not serve, in order. */
      readonly attempts: readonly ProbeAttempt[]
    }

/**
 * How far a probe came with a candidate: `find` and `connect` before something accepted the connection, the later ones
 * after that. `probe`: the plugin itself failed, by throwing or by not keeping its deadline.
 */
export type ProbeStep = 'parse' | 'find' | 'connect' | 'tls' | 'ping' | 'version' | 'service' | 'probe'

/** One candidate that did not serve. */
export interface ProbeAttempt {
  /** Where it was looked: an endpoint, a command. */
  readonly candidate: string
  /** Where it came from: `DOCKER_HOST`, `context "x"`, `default`. */
  readonly source: string
  readonly step: ProbeStep
  /** `code`: errno, exit code or HostErrorCode. TIMED_OUT: it may be there and busy, and nothing is known to be wrong. */
  readonly cause: { readonly code: string; readonly message: string }
  /** What the user can do, as an order: `start the engine`. */
  readonly remedy: string
}

/** A capability that this runtime, as found, does not have. */
export interface AbsentCapability {
  /** Those of the capability. */
  readonly id: string
  readonly title: string
  /** Half a sentence, in lower case: `the engine has no networks`. */
  readonly reason: string
  readonly remedy: string | undefined
}

/**
 * What this runtime, as found, cannot keep.
 *
 * Using it: OPTION_UNSUPPORTED with this field (`foreignContainers.output`: NOT_ATTACHABLE), from this very list, so that
 * report and refusal cannot drift. Three are no options of a call: by `logs.binary` such bytes come changed, by
 * `mounts.volume.shared` the start of a second container fails, and by `firewall.beforeStart` kept firewall rules are set
 * right after a start and not before the first instruction.
 */
export interface RefusedOption {
  readonly field: RefusableField
  readonly reason: string
  readonly remedy: string | undefined
}

/**
 * Options and promises that a runtime may have to refuse; grows by minor versions. `env.unset`, `exec.env.unset`: `null`
 * for a variable of a container or of an exec. `ports.ipv6`: an IPv6 address
 * of the machine; where it is refused `any` means all IPv4 addresses. `memoryBytes.small`: below 200 MiB,
 * with which no machine of its own starts. `labels.equalsSign`: one in a value. `mounts.tmpfs.noexec`: that nothing can be
 * run there, as by default. `mounts.tmpfs.size`: one that is no whole number of MiB. `mounts.volume.shared`: one in two
 * containers that run at once. `tty.resize`: a size for the terminal of a container. `foreignContainers.output` and
 * `foreignContainers.exitCode`: to attach to, and to wait for, a container that another process has started.
 * `build.platform` and `build.dns` are options of `ImageBuilder`, `firewall.beforeStart` is a promise of `FirewallManager`.
 */
export type RefusableField =
  | Exclude<keyof ContainerConfig, 'image'>
  | 'env.unset'
  | 'exec.env.unset'
  | 'mounts.bind'
  | 'mounts.volume'
  | 'mounts.volume.shared'
  | 'mounts.tmpfs'
  | 'mounts.tmpfs.noexec'
  | 'mounts.tmpfs.size'
  | 'network.host'
  | 'network.none'
  | 'network.several'
  | 'network.aliases'
  | 'ports.hostPort'
  | 'ports.udp'
  | 'ports.ipv6'
  | 'labels.equalsSign'
  | 'cpus.fraction'
  | 'memoryBytes.small'
  | 'logs.since'
  | 'logs.timestamps'
  | 'logs.split'
  | 'logs.binary'
  | 'foreignContainers.output'
  | 'foreignContainers.exitCode'
  | 'tty.resize'
  | 'build.platform'
  | 'build.dns'
  | 'firewall.beforeStart'
