import type { Capability } from './capability.js'
import type { Environment } from './environment.js'
import type { BuiltInOption } from './managers/built-in-capabilities.js'
import type { OperationOptions } from './operation.js'

/** Options of `RuntimePlugin.probe`. */
export interface ProbeOptions extends OperationOptions {
  /**
   * The limit in milliseconds that the host or the plugin's `probeTimeoutMs` sets. If `undefined`, the probe must choose a
   * limit, such as 10 s for a local socket and 30 s for another machine or a command. The host's own limit is 30 s.
   */
  readonly timeoutMs?: number | undefined
  /** The environment of the host. Read this, and pass it to child processes, instead of `process.env`. */
  readonly env: Environment
}

/** The result of a probe. An invalid result is reported as an attempt with `cause.code` PLUGIN_INVALID. */
export type ProbeResult<P> =
  | {
      readonly available: true
      /** The version of the engine, for display. */
      readonly version: string
      /** Where the engine was found, for display: an address or a command. */
      readonly endpoint: string
      /** Where its containers run. Default: not known. */
      readonly location?: RuntimeLocation | undefined
      /** Passed to `register` unchanged. */
      readonly details: P
      /** The capabilities that `register` will provide, including `runtimeCapability`. */
      readonly provides: readonly Capability<object>[]
      /** The built-in capabilities that are not in `provides`, with the reason for each. */
      readonly absent: readonly MissingCapability[]
      /** The options that this runtime does not support. */
      readonly unsupportedOptions: readonly UnsupportedOption[]
      /** The candidates that were tried before and failed, in order. */
      readonly attempts: readonly ProbeAttempt[]
      /** Remarks for display. */
      readonly notes: readonly string[]
    }
  | {
      readonly available: false
      /** Whether the user named this endpoint, so that `open` without a name opens no other runtime. See `isChosen`. */
      readonly chosen: boolean
      /** The candidates that were tried and failed, in order. */
      readonly attempts: readonly ProbeAttempt[]
    }

/**
 * Where containers run, relative to this process: in or on the kernel of this machine, in a virtual machine on this machine, or
 * elsewhere: on another machine, or in a place that the runtime cannot determine.
 */
export type RuntimeLocation = 'this-machine' | 'virtual-machine' | 'elsewhere'

/**
 * The step at which a candidate failed. `parse`: the configured value is not valid. `find`: there is no such socket, host or
 * command, so a sweep treats the runtime as not installed. `ssh`: ssh did not connect to the engine on the other machine.
 * `connect`: the endpoint did not accept the connection. `tls`: the TLS handshake failed. `ping`: the engine did not answer.
 * `version`: the engine answered and its version is unknown or not supported. `service`: the engine's service is not running
 * or did not answer. `probe`: the plugin is invalid, or its probe rejected, had an invalid result, exceeded its limit, or had
 * not answered when `open` stopped waiting for it.
 */
export type ProbeStep = 'parse' | 'find' | 'ssh' | 'connect' | 'tls' | 'ping' | 'version' | 'service' | 'probe'

/** A candidate that a probe tried and that failed. */
export interface ProbeAttempt {
  /** The endpoint or command that was tried; for the step `probe` the name of the plugin. */
  readonly candidate: string
  /**
   * Where the candidate was configured: `DOCKER_HOST`, `context "x"`, `default`; for the step `probe` the package of the
   * plugin; `open runtime` for a runtime that was closed.
   */
  readonly source: string
  readonly step: ProbeStep
  /**
   * `code` is an errno such as `ECONNREFUSED`, an exit code, a HostErrorCode, or a code of the runtime such as `TOO_OLD`. The
   * host interprets TIMED_OUT (the engine may exist and be busy), ENOENT, ECONNREFUSED and `SERVICE_STOPPED` (the engine
   * is not running), and `CLOSED` (the runtime was closed).
   */
  readonly cause: { readonly code: string; readonly message: string }
  /** What the user can do, in the imperative: `start the engine`. */
  readonly remedy: string
}

/** A capability that a runtime does not provide. */
export interface MissingCapability {
  readonly id: string
  readonly title: string
  /** A clause in lower case without a full stop: `the engine has no networks`. */
  readonly reason: string
  /** What the user can do, in the imperative; `undefined` if nothing is known. */
  readonly remedy: string | undefined
}

/**
 * An option that a runtime does not support. A call that uses it rejects with OPTION_UNSUPPORTED, which has the
 * option and the reason; for `foreignContainers.output` with NOT_ATTACHABLE.
 *
 * Three options are guarantees that no call requests. If a runtime does not support `logs.binary`, log bytes that are not UTF-8
 * are changed. Without `mounts.volume.shared`, the start of a second container with the same volume fails. Without
 * `firewall.beforeStart`, stored firewall rules are set right after the start.
 */
export interface UnsupportedOption {
  /** The name of the option. */
  readonly field: OptionName
  /** A clause in lower case without a full stop. */
  readonly reason: string
  /** What the user can do, in the imperative; `undefined` if nothing is known. */
  readonly remedy: string | undefined
}

/** The name of an option. Third parties prefix it with the id of their capability: `example.com/checkpoints.live`. */
export type OptionName = BuiltInOption | `${string}/${string}.${string}`
