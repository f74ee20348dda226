import type { ComposeProgram } from '@capstan/compose'
import type { MissingCapability, RuntimeLocation } from '@capstan/core'
import type { StringMap, UnsupportedOption } from '@capstan/core/plugin'
import type { EngineQuirks } from '../quirks/engine-quirks.js'
import type { DockerEndpoint } from './docker-endpoint.js'

/**
 * What `register` needs: the endpoint and the engine as the probe found them, and two options of the plugin. Plain
 * data, except for an endpoint of type `service`.
 */
export interface DockerDetails {
  readonly endpoint: DockerEndpoint
  readonly api: ApiVersions
  readonly facts: EngineFacts
  /** The options that this engine does not support, as listed in the report. */
  readonly unsupportedOptions: readonly UnsupportedOption[]
  /** The capabilities that this engine does not have. */
  readonly absent: readonly MissingCapability[]
  /** Where this engine behaves differently from the Docker Engine. */
  readonly quirks: EngineQuirks
  /** Notes about the engine for the report. */
  readonly notes: readonly string[]
  /** The name or address at which this process reaches published ports; `undefined` where it is not known. */
  readonly portHost: string | undefined
  /** The program that runs Compose projects; `undefined` if none was found. */
  readonly compose: ComposeProgram | undefined
  /** The plugin's option `hostAddress`: the address by which containers reach this host. */
  readonly hostAddress: string | undefined
  /** The plugin's option `firewallImage`: the image of the helper that sets firewall rules. */
  readonly firewallImage: string | undefined
}

/** API versions such as `1.41`. */
export interface ApiVersions {
  /** The version that was negotiated or pinned, part of the path of requests. */
  readonly version: string
  /** The newest version that the engine supports. */
  readonly newest: string
  /** The oldest version that the engine supports, where it is known. */
  readonly oldest: string | undefined
  /** Whether the environment sets the version, so that it is never negotiated. */
  readonly pinned: boolean
}

/** Facts about the engine, from `/info`, `/_ping`, `/version` and the plugin's entry for the product. */
export interface EngineFacts {
  /** The product that the engine reports: `docker`, or another one that the plugin supports. */
  readonly product: string
  /** The name of the product in messages: `Docker`. */
  readonly title: string
  /** The name by which containers reach the host of the engine's virtual machine. */
  readonly hostName: string
  /** The version of the engine: `20.10.24`. */
  readonly version: string
  readonly operatingSystem: string
  readonly osType: string
  readonly architecture: string
  readonly cpus: number | undefined
  readonly rootless: boolean
  readonly userNamespaces: boolean
  readonly location: RuntimeLocation
  /** The name or address of another machine that the endpoint names; `undefined` for an endpoint on this machine. */
  readonly remoteHost: string | undefined
  /** The program of each OCI runtime that the engine knows, or the type of its shim; empty where the engine reports none. */
  readonly ociRuntimes: StringMap
  readonly defaultOciRuntime: string | undefined
  /** The log drivers that the engine lists; empty where it reports none. */
  readonly logDrivers: readonly string[]
  /** The key of Docker Hub in stored credentials: `IndexServerAddress` of `/info`. */
  readonly indexServer: string | undefined
}
