import type { ContainerConfig, Healthcheck, Mount } from '@capstan/core'
import type { Argv, ComposeDependency } from '@capstan/core/plugin'
import type { ComposeNode } from './compose-node.js'

/** A service as one file describes it, or several files together. A setting that no file has is absent or empty. */
export interface ServiceSettings extends SimpleSettings {
  /** Where the service is, for errors. */
  readonly node: ComposeNode
  readonly hasBuild: boolean
  readonly environment: ReadonlyMap<string, string | null>
  readonly envFiles: readonly EnvFile[]
  readonly labels: ReadonlyMap<string, string>
  readonly dependsOn: ReadonlyMap<string, Dependency>
  readonly healthcheck: HealthcheckSettings | undefined
  readonly networks: ReadonlyMap<string, NetworkSettings>
  /** By their targets. */
  readonly mounts: ReadonlyMap<string, ServiceMount>
  readonly ports: NonNullable<ContainerConfig['ports']>
  readonly profiles: readonly string[]
}

/** The settings of which a later file replaces those of an earlier one. */
export interface SimpleSettings
  extends Pick<
    ContainerConfig,
    | 'user'
    | 'hostname'
    | 'workingDirectory'
    | 'stopSignal'
    | 'platform'
    | 'tty'
    | 'interactive'
    | 'init'
    | 'readOnlyRootFilesystem'
    | 'restartPolicy'
  > {
  readonly image?: string
  readonly containerName?: string
  readonly scale?: number
  /** `undefined` where the file says `null`: that of the image. */
  readonly command?: Argv | undefined
  readonly entrypoint?: Argv | undefined
}

/** An environment file of a service. */
export interface EnvFile {
  readonly node: ComposeNode
  readonly path: string
  readonly required: boolean
}

/** A service on which another one depends. */
export interface Dependency {
  readonly node: ComposeNode
  readonly condition: ComposeDependency['condition']
  /** Whether the service has to be part of the project. */
  readonly required: boolean
}

/** `healthcheck` of a service. `command`: `none` turns the check of the image off. */
export interface HealthcheckSettings extends Partial<Omit<Exclude<Healthcheck, 'none'>, 'command'>> {
  readonly node: ComposeNode
  readonly command?: Argv | string
  readonly isDisabled: boolean
}

/** How a service joins a network of the project. */
export interface NetworkSettings {
  readonly node: ComposeNode
  readonly aliases: readonly string[]
  readonly ipAddress: string | undefined
}

/** A mount of a service. The source of a volume is its key in the project. */
export interface ServiceMount {
  readonly node: ComposeNode
  readonly mount: Mount
}

/** Merges a service of a later file into that of an earlier one, as Compose does. */
export function mergeServices(earlier: ServiceSettings, later: ServiceSettings): ServiceSettings {
  return {
    ...earlier,
    ...later,
    hasBuild: earlier.hasBuild || later.hasBuild,
    environment: new Map([...earlier.environment, ...later.environment]),
    envFiles: [...earlier.envFiles, ...later.envFiles],
    labels: new Map([...earlier.labels, ...later.labels]),
    dependsOn: new Map([...earlier.dependsOn, ...later.dependsOn]),
    healthcheck:
      earlier.healthcheck && later.healthcheck
        ? mergeHealthchecks(earlier.healthcheck, later.healthcheck)
        : (later.healthcheck ?? earlier.healthcheck),
    networks: new Map([...earlier.networks, ...later.networks]),
    mounts: new Map([...earlier.mounts, ...later.mounts]),
    ports: uniqueBy([...earlier.ports, ...later.ports], JSON.stringify),
    profiles: [...new Set([...earlier.profiles, ...later.profiles])],
  }
}

function mergeHealthchecks(earlier: HealthcheckSettings, later: HealthcheckSettings): HealthcheckSettings {
  return { ...earlier, ...later }
}

function uniqueBy<T>(values: readonly T[], toKey: (value: T) => string): readonly T[] {
  return [...new Map(values.map((value) => [toKey(value), value])).values()]
}
