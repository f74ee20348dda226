import type { ContainerState } from '../contract/container/container-info.js'
import type { ContainerHealth } from '../contract/container/healthcheck.js'
import type { Argv } from '../contract/operation.js'
import type { MissingCapability } from '../contract/probe.js'
import type { RuntimeReport } from '../contract/runtime-report.js'

/** The lines of a Dockerfile in which a build failed. */
export interface BuildSource {
  /** The name of the Dockerfile, as the builder prints it. */
  readonly file: string
  /** The number of the line, from 1. */
  readonly line: number
  /** The lines as the builder prints them, with line numbers and markers. */
  readonly excerpt: readonly string[]
}

/** The facts of a {@link HostError}, by its code. */
export interface HostErrorFacts {
  /** `feature`: `undefined` for the application. `runtime`: `undefined` for several runtimes, of which none has all. */
  CAPABILITY_MISSING: {
    readonly feature: string | undefined
    readonly runtime: string | undefined
    readonly missing: readonly MissingCapability[]
    readonly reports: readonly RuntimeReport[]
  }
  CAPABILITY_DUPLICATE: {
    readonly capability: string
    readonly runtime: string
    readonly packageName: string
    readonly packageVersion: string
  }
  PLUGIN_DUPLICATE: { readonly plugin: string; readonly packages: readonly string[] }
  PLUGIN_UNKNOWN: { readonly plugin: string; readonly known: readonly string[] }
  PLUGIN_INVALID: {
    readonly plugin: string
    readonly packageName: string
    readonly packageVersion: string
    readonly problem: string
  }
  /** `runtime`: the runtime that was requested by name or was closed; else `undefined`. */
  RUNTIME_UNAVAILABLE: { readonly runtime: string | undefined; readonly reports: readonly RuntimeReport[] }
  CONTAINER_NOT_FOUND: { readonly id: string }
  IMAGE_NOT_FOUND: { readonly image: string }
  NETWORK_NOT_FOUND: { readonly id: string }
  VOLUME_NOT_FOUND: { readonly name: string }
  SERVICE_NOT_FOUND: { readonly id: string }
  SECRET_NOT_FOUND: { readonly id: string }
  CONFIG_NOT_FOUND: { readonly id: string }
  /** `expected`: what was looked for at the path of the container `id`; a file is not found as a `directory`. */
  PATH_NOT_FOUND: { readonly id: string; readonly path: string; readonly expected: 'path' | 'directory' }
  /** `registryText`: the error as the registry reported it. */
  IMAGE_PULL_FAILED: { readonly image: string; readonly registryText: string }
  /** `registryText`: the error as the registry reported it. */
  IMAGE_PUSH_FAILED: { readonly image: string; readonly registryText: string }
  /** `step`: the failed step, as the builder names it. `command`: the instruction or command of that step. */
  BUILD_FAILED: {
    readonly step: string | undefined
    readonly command: string | undefined
    readonly exitCode: number | undefined
    readonly lastLines: readonly string[]
    /** The failed lines of the Dockerfile; absent where the builder does not report them. */
    readonly source?: BuildSource
  }
  /** `holderId`: the id of the object that has the name. `sameOwner`: whether this RuntimeHost created that object. */
  NAME_CONFLICT: { readonly name: string; readonly holderId: string | undefined; readonly sameOwner: boolean }
  /**
   * `subject`: the object, such as `image "app:1"`. `users`: the names of the containers or images that use it; empty where the
   * engine does not report them.
   */
  IN_USE: { readonly subject: string; readonly users: readonly string[] }
  NOT_RUNNING: { readonly id: string; readonly state: ContainerState }
  /** The runtime cannot attach to the container, for example because another process started it. */
  NOT_ATTACHABLE: { readonly id: string; readonly reason: string }
  /** The log driver of the container keeps no output. */
  LOGS_UNAVAILABLE: { readonly id: string; readonly reason: string }
  COMMAND_NOT_STARTED: { readonly id: string; readonly command: Argv; readonly exitCode: 126 | 127 }
  /**
   * `field`: the name of an option, or the path of a field of a feature's request. `given`: the value that uses it, as a text; `"required"` where `open`
   * requires the option.
   */
  OPTION_UNSUPPORTED: {
    readonly runtime: string
    readonly field: string
    readonly given: string
    readonly reason: string
    /** What the user can do, in the imperative. The message ends with it. */
    readonly remedy?: string
  }
  /** `given`: the rejected value as a text; for a value that may be a secret only its type. */
  INVALID_ARGUMENT: { readonly field: string; readonly expected: string; readonly given: string }
  /** `id`: the id of the container, or of the process that `exec` started. */
  EXIT_CODE_UNKNOWN: { readonly id: string; readonly reason: string }
  /**
   * `awaited`: the condition, such as `port 80 open`. `isTimeout`: whether the time limit was exceeded. `state`: that of the
   * container after the failure. `exitCode`: `undefined` while it runs, and where it is not known. `lastLines`: the last lines of
   * its log.
   */
  WAIT_FAILED: {
    readonly id: string
    readonly awaited: string
    readonly reason: string
    readonly isTimeout: boolean
    readonly state: ContainerState
    readonly exitCode: number | undefined
    readonly lastLines: readonly string[]
  }
  /**
   * `containerId`: the container of the service that failed. `health`: `undefined` without a health check, and while the container
   * does not run. `exitCode`: `undefined` while it runs, and where it is not known. `lastLines`: the last lines of its log.
   */
  SERVICE_NOT_READY: {
    readonly project: string
    readonly service: string
    readonly containerId: string
    readonly state: ContainerState
    readonly health: ContainerHealth | undefined
    readonly exitCode: number | undefined
    readonly lastLines: readonly string[]
  }
  /**
   * `running` of `desired` tasks run with the settings of the call. `reasons`: the distinct reasons of its tasks, the newest first.
   * `rolledBack`: whether the service has, or gets, its previous settings.
   */
  SERVICE_NOT_CONVERGED: {
    readonly service: string
    readonly running: number
    readonly desired: number
    readonly reasons: readonly string[]
    readonly rolledBack: boolean
  }
  FIREWALL_FAILED: {
    readonly id: string
    readonly reason: string
    /**
     * The state of the container after the failure. `sealed`: rules block all traffic except on the loopback interface. `disconnected`: it is in no network.
     * `killed`: its processes were killed. `ended`: its process ended before the rules were set. `not-started`: the start was
     * cancelled before the first instruction. `unchanged`: the container was not changed, so its traffic may
     * be unrestricted.
     */
    readonly containment: 'sealed' | 'disconnected' | 'killed' | 'ended' | 'not-started' | 'unchanged'
  }
  /** `lastTimestamp`: the time of the last log line or event that arrived. */
  CONNECTION_LOST: { readonly endpoint: string; readonly lastTimestamp: string | undefined }
  /** `excerpt`: at most 500 bytes of the answer. */
  PROTOCOL_ERROR: { readonly operation: string; readonly excerpt: string }
  /** `phase`: what was waited for. `lastLines`: the last lines of the program's output. */
  TIMED_OUT: {
    readonly operation: string
    readonly phase: string | undefined
    readonly timeoutMs: number
    readonly lastLines: readonly string[]
    /** The option that raises this limit, such as `timeouts.answerMs`; absent if there is none. */
    readonly option?: string
  }
  /** `status`: the HTTP or gRPC status or the exit code with which the operation failed; `undefined` if it has none. */
  OPERATION_FAILED: {
    readonly operation: string
    readonly subject: string
    readonly status: number | undefined
    readonly reason: string
    /** What the user can do, in the imperative. The message ends with it. */
    readonly remedy?: string
  }
}

/** The codes of errors. Minor versions may add codes, so a `switch` needs a default case. */
export type HostErrorCode = keyof HostErrorFacts
