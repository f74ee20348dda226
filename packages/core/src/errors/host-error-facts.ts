import type { ContainerState } from '../contract/container/container-info.js'
import type { MissingCapability } from '../contract/missing-capability.js'
import type { Argv } from '../contract/operation.js'
import type { RefusableField } from '../contract/probe.js'
import type { RuntimeReport } from '../contract/runtime-report.js'

/** The lines of a Dockerfile that a builder shows for a failure. */
export interface BuildSource {
  /** The name of the Dockerfile, as the builder prints it. */
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  /** The lines as the builder prints them, with its numbers and marks. */
  readonly excerpt: readonly string[]
}

/** What a {@link HostError} knows, by its code. */
export interface HostErrorFacts {
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
  RUNTIME_UNAVAILABLE: { readonly runtime: string | undefined; readonly reports: readonly RuntimeReport[] }
  CONTAINER_NOT_FOUND: { readonly id: string }
  IMAGE_NOT_FOUND: { readonly image: string }
  NETWORK_NOT_FOUND: { readonly id: string }
  VOLUME_NOT_FOUND: { readonly name: string }
  IMAGE_PULL_FAILED: { readonly image: string; readonly registryText: string }
  BUILD_FAILED: {
    readonly step: string | undefined
    readonly command: string | undefined
    readonly exitCode: number | undefined
    readonly lastLines: readonly string[]
    /** Present when the builder shows the lines of the Dockerfile that failed. */
    readonly source?: BuildSource
  }
  NAME_CONFLICT: { readonly name: string; readonly holderId: string | undefined; readonly ours: boolean }
  IN_USE: { readonly subject: string; readonly users: readonly string[] }
  NOT_RUNNING: { readonly id: string; readonly state: ContainerState }
  /** The session belongs to another process. */
  NOT_ATTACHABLE: { readonly id: string; readonly reason: string }
  COMMAND_NOT_STARTED: { readonly id: string; readonly command: Argv; readonly exitCode: 126 | 127 }
  OPTION_UNSUPPORTED: {
    readonly runtime: string
    readonly field: RefusableField
    readonly given: string
    readonly reason: string
    /** What the user can do, an instruction. The message ends with it. */
    readonly remedy?: string
  }
  INVALID_ARGUMENT: { readonly field: string; readonly expected: string; readonly given: string }
  EXIT_CODE_UNKNOWN: { readonly id: string; readonly reason: string }
  FIREWALL_FAILED: {
    readonly id: string
    readonly reason: string
    /**
     * The state of the container after the failure. `sealed`: rules let nothing out. `disconnected`: from every network.
     * `killed`. `ended`: its process had ended before the rules were set. `not-started`: this start ran no instruction of it.
     * `unchanged`: the call was refused before it changed anything, or nothing could restrict the container.
     */
    readonly containment: 'sealed' | 'disconnected' | 'killed' | 'ended' | 'not-started' | 'unchanged'
  }
  CONNECTION_LOST: { readonly endpoint: string; readonly lastTimestamp: string | undefined }
  /** `excerpt`: at most 500 bytes. */
  PROTOCOL_ERROR: { readonly operation: string; readonly excerpt: string }
  TIMED_OUT: {
    readonly operation: string
    readonly phase: string | undefined
    readonly timeoutMs: number
    readonly lastLines: readonly string[]
    /** The option that raises this limit, where there is one: `timeouts.answerMs`. */
    readonly option?: string
  }
  OPERATION_FAILED: {
    readonly operation: string
    readonly subject: string
    readonly status: number | undefined
    readonly reason: string
    /** What the user can do, an instruction. The message ends with it. */
    readonly remedy?: string
  }
}

/** The closed set that callers branch on; it grows by minor versions. */
export type HostErrorCode = keyof HostErrorFacts
