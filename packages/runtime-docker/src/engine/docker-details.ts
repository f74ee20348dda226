import type { AbsentCapability, RefusedOption } from '@capstan/core/plugin'
import type { DockerEndpoint } from './docker-endpoint.js'
import type { EngineQuirks } from './engine-quirks.js'

/** What the probe found: facts alone, no connection. `register` gets them back and wires from them. */
export interface DockerDetails {
  readonly endpoint: DockerEndpoint
  readonly api: ApiVersions
  readonly facts: EngineFacts
  /** What this engine, as found, cannot keep: the very list that the report shows. */
  readonly unsupportedOptions: readonly RefusedOption[]
  /** Capabilities that it does not have. */
  readonly absent: readonly AbsentCapability[]
  /** Where it behaves otherwise than Docker's own. */
  readonly quirks: EngineQuirks
  /** For the report: what is worth knowing of it, in words. */
  readonly notes: readonly string[]
  /** What the caller gave to the plugin as the address by which containers reach this host. */
  readonly hostAddress: string | undefined
  /** What the caller gave as the image that sets firewalls. */
  readonly firewallImage: string | undefined
}

/** API versions such as `1.41`. */
export interface ApiVersions {
  /** The one that is spoken: on every path. */
  readonly version: string
  /** The engine's own range; its begin is known where it matters. */
  readonly newest: string
  readonly oldest: string | undefined
  /** Given by the environment: never negotiated anew. */
  readonly pinned: boolean
}

/** From `/info` and the headers of `/_ping`. */
export interface EngineFacts {
  /** By what the engine says, never by a binary's name: `docker`, `podman`, or what else the plugin serves. */
  readonly product: string
  /** As messages name the product: `Docker`. */
  readonly title: string
  /** The name that containers have for the host of a virtual machine. */
  readonly hostName: string
  /** Of the engine itself: `20.10.24`. */
  readonly version: string
  readonly operatingSystem: string
  readonly osType: string
  readonly architecture: string
  readonly cpus: number | undefined
  readonly rootless: boolean
  readonly userNamespaces: boolean
  readonly location: EngineLocation
  /** Key of Docker Hub in stored credentials: `/info` `IndexServerAddress`. */
  readonly indexServer: string | undefined
}

/**
 * Where the engine's containers run, seen from this process: on this machine's own kernel, in a virtual machine that
 * stands for this machine (Docker Desktop, Colima, …), or elsewhere, as far as can be told.
 */
export type EngineLocation = 'this-machine' | 'virtual-machine' | 'elsewhere'
