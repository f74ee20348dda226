import type { Capability } from './capability.js'
import type { Environment } from './environment.js'
import type { BuiltInField } from './managers/built-in-capabilities.js'
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
      readonly unsupportedOptions: readonly RefusedOption[]
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
 * An option or promise that this runtime, as found, does not support. Using it rejects with OPTION_UNSUPPORTED and this
 * field (`foreignContainers.output`: NOT_ATTACHABLE), from this very list.
 *
 * Three fields are not options of a call. With `logs.binary` refused, log bytes that are not UTF-8 are changed; with
 * `mounts.volume.shared`, the start of a second container with the volume fails; with `firewall.beforeStart`, stored rules
 * are set right after the start.
 */
export interface RefusedOption {
  readonly field: RefusableField
  readonly reason: string
  readonly remedy: string | undefined
}

/**
 * A field that some capability declares as `refusable`. The fields of third parties begin with the id of their capability:
 * `example.com/checkpoints.live`.
 */
export type RefusableField = BuiltInField | `${string}/${string}.${string}`
