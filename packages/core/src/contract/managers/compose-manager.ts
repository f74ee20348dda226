import { type Capability, defineCapability } from '../capability.js'
import type { ContainerState } from '../container/container-info.js'
import type { ContainerHealth } from '../container/healthcheck.js'
import type { PortBinding } from '../container/ports.js'
import type { ListOptions, OperationOptions, ProgressEvent, StringMap } from '../operation.js'

/**
 * Runs Compose projects: groups of services that Compose files describe.
 *
 * Services have their names in the files. Logs, exec and attach take the container ids of `listServices`.
 */
export interface ComposeManager {
  /**
   * Resolves with the project that the files describe, after interpolation, `extends`, `include` and merging. Services of
   * profiles that are not active are left out. Does not ask the engine.
   *
   * @throws HostError INVALID_ARGUMENT for a file that cannot be read or is not valid, with the file and the place in
   * `facts.given`, and for a required variable that is not set
   */
  readProject(source: ComposeSource, options?: OperationOptions): Promise<ComposeProject>
  /**
   * Creates what the project lacks, starts it, and resolves when all of its services are ready. A service is ready when each of
   * its containers is healthy, or runs and has no health check. A job is ready when each of its containers has exited with code 0.
   * Jobs are the services of `jobs` and those that another service requires to be completed.
   *
   * With `until: 'started'`, resolves as soon as the containers have been started.
   *
   * After a failure or an abort, removes the containers, networks and volumes that the call created. Keeps what existed before,
   * but does not restore a container that the call replaced or removed.
   *
   * @throws HostError SERVICE_NOT_READY when a container of a service exits or becomes unhealthy, or a job fails.
   * TIMED_OUT with the option `readyTimeoutMs`. INVALID_ARGUMENT as `readProject`, and for unknown services and jobs. IN_USE when a
   * port is in use. IMAGE_PULL_FAILED. IMAGE_NOT_FOUND with `pull: 'never'`. BUILD_FAILED. NETWORK_NOT_FOUND and
   * VOLUME_NOT_FOUND for an external network or volume.
   */
  up(source: ComposeSource, options?: ComposeUpOptions): Promise<RunningComposeProject>
  /**
   * Stops and removes the containers of a project, also those of jobs and of services that its files no longer have, and its
   * networks. External networks and volumes are kept. Needs no file. Resolves also when the project does not exist.
   */
  down(project: string, options?: ComposeDownOptions): Promise<void>
  /**
   * Lists the projects that have containers on the engine, in any state, including those that this RuntimeHost did not
   * create, in the order of their names. The options select containers by their labels.
   */
  listProjects(options?: ListOptions): Promise<readonly ProjectInfo[]>
  /**
   * Lists the services of a project that have containers, in the order of their names. Empty when the project does not exist.
   * Containers of one-off commands are left out.
   */
  listServices(project: string, options?: OperationOptions): Promise<readonly ServiceState[]>
}

/** The capability of running Compose projects. */
export const composeManagerCapability: Capability<ComposeManager, 'compose-manager.build'> = defineCapability({
  id: 'compose-manager',
  title: 'compose projects',
  options: { 'compose-manager.build': 'the build of the images of services' },
})

/** The files of a project, or the text of one file, and the settings with which they are read. */
export type ComposeSource = ComposeSettings &
  (
    | {
        /** Absolute paths. Later files override earlier ones. */
        readonly files: readonly [string, ...string[]]
        readonly content?: never
      }
    | {
        /** The text of a Compose file. */
        readonly content: string
        readonly files?: never
      }
  )

/** The settings with which the files of a project are read. */
export interface ComposeSettings {
  /** The name of the project: lower-case letters, digits, `-` and `_`, beginning with a letter or digit. */
  readonly name: string
  /**
   * The absolute path of the directory for relative paths and the file `.env`. Default: the directory of the first file.
   * Required for a `content` with relative paths.
   */
  readonly directory?: string
  /** The active profiles; `*` means all. Default, also for an empty list: those of the variable COMPOSE_PROFILES, if it is set. */
  readonly profiles?: readonly string[]
  /**
   * The absolute paths of files with variables for interpolation, in place of the file `.env` of the directory. Later files
   * override earlier ones. Default: that file, if it exists.
   */
  readonly envFiles?: readonly string[]
  /**
   * The variables for interpolation, which override those of files. Variables of this process are not used. COMPOSE_PROFILES, here or in
   * a file, names the active profiles. No other variable changes how the project is read: COMPOSE_PROJECT_NAME is always `name`.
   * Default: none.
   */
  readonly env?: StringMap
}

/** Options of `up`. */
export interface ComposeUpOptions extends OperationOptions {
  /**
   * Starts only these services and those on which they depend. The profiles of a service that is not active become active. Default:
   * all services of active profiles.
   */
  readonly services?: readonly string[]
  /** Starts also those on which `services` depend. `false` requires `services`. Default true. */
  readonly dependencies?: boolean
  /** The number of containers of services that are started, in place of that of the files. */
  readonly scale?: Readonly<Record<string, number>>
  /**
   * `changed` creates containers again whose settings have changed, `always` those of all services that are started, `never` none.
   * Default `changed`.
   */
  readonly recreate?: 'changed' | 'always' | 'never'
  /** Removes the containers of services that the files do not have. Default false. */
  readonly removeOrphans?: boolean
  /**
   * `ready` resolves when all services are ready. `started` resolves as soon as their containers have been started, also if one of them
   * exits or is unhealthy; the health and the completion of dependencies are awaited, as the files require. Default `ready`.
   */
  readonly until?: 'started' | 'ready'
  /**
   * Services that are ready when they have exited with code 0, besides those that another service requires to be completed. Not with
   * `until: 'started'`. Default: none.
   */
  readonly jobs?: readonly string[]
  /** Builds the images of services with a `build` section, also when they exist. Default false: builds those that are missing. */
  readonly build?: boolean
  /**
   * `missing` pulls images that the engine does not have, `always` also those that it has, `never` none. Default `missing`.
   */
  readonly pull?: 'missing' | 'always' | 'never'
  /**
   * Milliseconds between the stop signal and SIGKILL for containers that are replaced or removed, rounded up to seconds. Default: that
   * of each service, usually 10 000.
   */
  readonly graceMs?: number
  /**
   * Labels of all containers, networks and volumes. For keys that begin with `capstan.`, see `ContainerConfig.labels`. A runtime may
   * give no labels to a project with the lifetime `persistent` and no other label.
   */
  readonly labels?: StringMap
  /**
   * The limit in milliseconds from the start of the containers until all services are ready, or started with `until: 'started'`.
   * Default 60 000 without `signal`, and no limit with it.
   */
  readonly readyTimeoutMs?: number
  /** Called for each step of a part of the project. */
  readonly onProgress?: (event: ComposeProgress) => void
}

/** Options of `down`. */
export interface ComposeDownOptions extends OperationOptions {
  /** Removes the volumes of the project, too, except external ones. Default false. */
  readonly volumes?: boolean
  /** Milliseconds between the stop signal and SIGKILL, rounded up to seconds. Default: that of each service, usually 10 000. */
  readonly graceMs?: number
}

/** A step of a part of a project. `id` names the part: the service and the number of a container, such as `db-1`, else its name. */
export interface ComposeProgress extends ProgressEvent {
  readonly kind: 'image' | 'build' | 'network' | 'volume' | 'container'
  /** The service to which the part belongs; `undefined` for networks and volumes, and where it is not known. */
  readonly service: string | undefined
}

/** A project as its files describe it. */
export interface ComposeProject {
  readonly name: string
  /** In the order of their names, as are the other lists. */
  readonly services: readonly ComposeService[]
  readonly networks: readonly ComposeResource[]
  readonly volumes: readonly ComposeResource[]
}

/** A service as the files describe it. */
export interface ComposeService {
  readonly name: string
  /** The reference of its image; `undefined` for a service that only has a `build` section. */
  readonly image: string | undefined
  /** Whether it has a `build` section. */
  readonly builds: boolean
  /** The number of containers. */
  readonly replicas: number
  readonly dependsOn: readonly ComposeDependency[]
  readonly profiles: readonly string[]
}

/** A service on which another one depends. */
export interface ComposeDependency {
  readonly service: string
  /** The state that the service must reach first: `service_started`, `service_healthy` or `service_completed_successfully`. */
  readonly condition: 'started' | 'healthy' | 'completed'
}

/** A network or a volume as the files describe it. */
export interface ComposeResource {
  /** Its key in the files. */
  readonly key: string
  /** Its name on the engine. */
  readonly name: string
  /** Whether it exists outside of the project, which then neither creates nor removes it. */
  readonly external: boolean
}

/** A project whose services are ready. */
export interface RunningComposeProject extends Omit<ComposeProject, 'services'> {
  /** The services that were started, as `listServices` lists them. */
  readonly services: readonly ServiceState[]
}

/** An entry of `listProjects`. */
export interface ProjectInfo {
  readonly name: string
  /** The names of the services that have containers. */
  readonly services: readonly string[]
  /** The directory of the project; `undefined` where the engine does not report it. */
  readonly directory: string | undefined
  /** The paths of its files, `-` for a text; empty where the engine does not report them. */
  readonly files: readonly string[]
}

/** A service of a project on the engine. */
export interface ServiceState {
  readonly service: string
  /** In the order of their numbers. */
  readonly containers: readonly ServiceContainer[]
}

/** A container of a service. */
export interface ServiceContainer {
  /** The full id. */
  readonly id: string
  /** The number in its service, from 1. */
  readonly number: number
  readonly state: ContainerState
  /** `undefined` without a health check, and while the container does not run. */
  readonly health: ContainerHealth | undefined
  /** `undefined` while the container runs, before its first start, and where the engine does not report it. */
  readonly exitCode: number | undefined
  /** The published ports. Empty while the container is not running. */
  readonly ports: readonly PortBinding[]
}
