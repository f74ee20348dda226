import {
  type ComposeManager,
  type ComposeProject,
  type ComposeSource,
  type ComposeUpOptions,
  composeManagerCapability,
  type OperationOptions,
  type ProjectInfo,
  type Runtime,
  type ServiceState,
} from '@capstan/core'
import {
  type ComposeDownOptions,
  type ListOptions,
  type RunningComposeProject,
  validateComposeDownOptions,
  validateComposeSource,
  validateComposeUpOptions,
  validateListOptions,
  validateProjectName,
} from '@capstan/core/plugin'
import { downProject } from './compose/down-project.js'
import type { ProjectModel } from './compose/file/project-model.js'
import { listProjects, listServices } from './compose/list-services.js'
import { upProject } from './compose/up-project.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'

/**
 * Runs Compose projects with a part of the settings of Compose; a file with any other is rejected with its path. Creates and
 * starts containers by the runtime, so faults injected into `createContainer` and `startContainer` apply too.
 */
export class MemoryComposeManager implements ComposeManager {
  readonly #context: MemoryRuntimeContext
  readonly #runtime: Runtime

  constructor(context: MemoryRuntimeContext, runtime: Runtime) {
    this.#context = context
    this.#runtime = runtime
  }

  async readProject(source: ComposeSource, options: OperationOptions = {}): Promise<ComposeProject> {
    validateComposeSource(source)
    return await this.#context.call('readProject', options, async () => toProject(await this.#read(source)))
  }

  async up(source: ComposeSource, options: ComposeUpOptions = {}): Promise<RunningComposeProject> {
    validateComposeSource(source)
    validateComposeUpOptions(options)
    this.#context.checkOption(composeManagerCapability, 'compose-manager.build', options.build)
    return await this.#context.call('up', options, async (call) => {
      const project = await this.#read(source, options.services)
      call.signal.throwIfAborted()
      const services = await upProject(this.#context, project, { runtime: this.#runtime, call, options })
      return { ...toProject(project), services }
    })
  }

  async down(project: string, options: ComposeDownOptions = {}): Promise<void> {
    validateProjectName(project)
    validateComposeDownOptions(options)
    const { volumes = false, graceMs = 10_000 } = options
    await this.#context.call('down', options, ({ signal }) =>
      downProject(this.#context.engine, project, { volumes, graceMs, signal }),
    )
  }

  async listProjects(options: ListOptions = {}): Promise<readonly ProjectInfo[]> {
    validateListOptions(options)
    return await this.#context.call('listProjects', options, () => listProjects(this.#context.engine, options))
  }

  async listServices(project: string, options: OperationOptions = {}): Promise<readonly ServiceState[]> {
    validateProjectName(project)
    return await this.#context.call('listServices', options, () => listServices(this.#context.engine, project))
  }

  async #read(source: ComposeSource, services?: readonly string[]): Promise<ProjectModel> {
    // Loads the parser of YAML, which only projects need.
    const { readProject } = await import('./compose/file/read-project.js')
    return await readProject(source, { runtime: this.#context.runtimeName, services })
  }
}

function toProject({ name, services, networks, volumes }: ProjectModel): ComposeProject {
  return {
    name,
    services: [...services.values()].map(({ name: service, config, replicas, dependsOn, profiles }) => ({
      name: service,
      image: config.image,
      builds: false,
      replicas,
      dependsOn,
      profiles,
    })),
    networks: networks.map(({ key, name: own, external }) => ({ key, name: own, external })),
    volumes: volumes.map(({ key, name: own, external }) => ({ key, name: own, external })),
  }
}
