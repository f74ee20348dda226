import type { ContainerConfig } from '@capstan/core'
import type { ComposeDependency, ComposeResource, StringMap } from '@capstan/core/plugin'

/** A project as its files describe it, in the terms of the runtime. */
export interface ProjectModel {
  readonly name: string
  readonly directory: string | undefined
  /** The paths of the files; `-` for a text. */
  readonly files: readonly string[]
  /** The services of active profiles by name. */
  readonly services: ReadonlyMap<string, ServiceModel>
  /** The names of all services, also those of profiles that are not active. */
  readonly serviceNames: ReadonlySet<string>
  /** The networks that the services use; so are the volumes. */
  readonly networks: readonly NetworkModel[]
  readonly volumes: readonly VolumeModel[]
}

/** A service as the files describe it, in the terms of the runtime. */
export interface ServiceModel {
  readonly name: string
  /** The config of its containers without name and labels of the project. Networks and volumes have their names on the engine. */
  readonly config: ContainerConfig
  readonly replicas: number
  readonly dependsOn: readonly ComposeDependency[]
  readonly profiles: readonly string[]
}

/** A network of a project. */
export interface NetworkModel extends ComposeResource {
  readonly labels: StringMap
  readonly internal: boolean
}

/** A volume of a project. */
export interface VolumeModel extends ComposeResource {
  readonly labels: StringMap
}
