import {
  type ComposeManager,
  type ComposeProject,
  type ComposeSource,
  type ComposeUpOptions,
  composeManagerCapability,
  type EventStream,
  type OperationOptions,
  type ProjectInfo,
  runtimeCapability,
  type ServiceState,
} from '@capstan/core'
import {
  type ComposeDownOptions,
  checkOption,
  type Environment,
  type ListOptions,
  type OperationScope,
  type RunningComposeProject,
  type StringMap,
  type UnsupportedOption,
  validateComposeDownOptions,
  validateComposeSource,
  validateComposeUpOptions,
  validateListOptions,
  validateProjectName,
} from '@capstan/core/plugin'
import { downProject } from './down-project.js'
import { ComposeCommand } from './program/compose-command.js'
import type { ComposeEndpoint } from './program/compose-endpoint.js'
import type { ComposeProgram } from './program/find-compose.js'
import { toComposeProject } from './project/project-model.js'
import { readModel } from './read-model.js'
import { listProjects } from './state/list-projects.js'
import { inspectServiceContainers, listServiceContainers, toServiceStates } from './state/list-services.js'
import type { ProjectManagers } from './state/project-objects.js'
import { upProject } from './up/up-project.js'

/** Compose projects by the program `docker-compose`. Compose changes the engine; its state is read by the managers of the runtime. */
export class CommandComposeManager implements ComposeManager {
  readonly #options: CommandComposeOptions
  readonly #command: ComposeCommand

  constructor(options: CommandComposeOptions) {
    this.#options = options
    this.#command = new ComposeCommand(options.program, options.env)
  }

  async readProject(source: ComposeSource, options: OperationOptions = {}): Promise<ComposeProject> {
    validateComposeSource(source)
    const { operations, address: host } = this.#options
    const names = { operation: 'readProject', subject: source.name }
    return await operations.run(names, options, async ({ signal }) =>
      toComposeProject(await readModel(this.#command, source, { endpoint: { host }, signal })),
    )
  }

  async up(source: ComposeSource, options: ComposeUpOptions = {}): Promise<RunningComposeProject> {
    validateComposeSource(source)
    validateComposeUpOptions(options)
    const { operations, managers, events, ownerLabels, findEndpoint } = this.#options
    const checkBuild = (given: unknown) =>
      checkOption(composeManagerCapability, 'compose-manager.build', given, this.#support)
    checkBuild(options.build)
    const checkHealthcheck = (service: string) =>
      checkOption(runtimeCapability, 'healthcheck', `the health check of service ${service}`, this.#support)
    return await operations.run({ operation: 'up', subject: source.name }, options, async (call) => {
      const endpoint = await findEndpoint(call)
      const context = {
        ...managers,
        command: this.#command,
        endpoint,
        events,
        ownerLabels,
        checkBuild,
        checkHealthcheck,
      }
      return await upProject(context, source, options, call)
    })
  }

  async down(project: string, options: ComposeDownOptions = {}): Promise<void> {
    validateProjectName(project)
    validateComposeDownOptions(options)
    const { operations, managers, findEndpoint } = this.#options
    await operations.run({ operation: 'down', subject: project }, options, async (call) => {
      const endpoint = await findEndpoint(call)
      await downProject({ ...managers, command: this.#command, endpoint }, project, options, call)
    })
  }

  async listProjects(options: ListOptions = {}): Promise<readonly ProjectInfo[]> {
    validateListOptions(options)
    const { operations, managers } = this.#options
    return await operations.run({ operation: 'listProjects', subject: 'projects' }, options, ({ signal }) =>
      listProjects(managers.runtime, { ...options, signal }),
    )
  }

  async listServices(project: string, options: OperationOptions = {}): Promise<readonly ServiceState[]> {
    validateProjectName(project)
    const { operations, managers } = this.#options
    return await operations.run({ operation: 'listServices', subject: project }, options, async ({ signal }) => {
      const { runtime } = managers
      const containers = await listServiceContainers(runtime, project, { signal })
      return toServiceStates(await inspectServiceContainers(runtime, containers, { signal }))
    })
  }

  get #support() {
    return { runtime: this.#options.runtimeName, unsupportedOptions: this.#options.unsupportedOptions }
  }
}

/** What a manager of Compose projects uses. */
export interface CommandComposeOptions {
  readonly program: ComposeProgram
  readonly runtimeName: string
  /** The environment of the host. */
  readonly env: Environment
  /** The labels of everything that is created. */
  readonly ownerLabels: StringMap
  readonly unsupportedOptions: readonly UnsupportedOption[]
  /** The operations of the open runtime. */
  readonly operations: OperationScope
  /** The address of the engine, for interpolation of DOCKER_HOST by `readProject`, which does not connect. */
  readonly address: string
  /** Resolves with the endpoint of the open runtime, to which Compose connects. */
  readonly findEndpoint: (options: OperationOptions) => ComposeEndpoint | PromiseLike<ComposeEndpoint>
  /**
   * The managers of the same engine. They must work until `operations` have been undone, so also while `operations` is being
   * closed.
   */
  readonly managers: ProjectManagers
  readonly events: EventStream
}
