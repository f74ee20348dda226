import type { ComposeEndpoint } from '@capstan/compose'
import type {
  ComposeManager,
  ComposeProject,
  ComposeSource,
  ComposeUpOptions,
  OperationOptions,
  ProjectInfo,
  ServiceState,
} from '@capstan/core'
import type { ComposeDownOptions, ListOptions, RunningComposeProject } from '@capstan/core/plugin'
import { DockerEventStream } from './docker-event-stream.js'
import { DockerNetworkManager } from './docker-network-manager.js'
import { DockerRuntime } from './docker-runtime.js'
import { DockerVolumeManager } from './docker-volume-manager.js'
import type { DirectAddress } from './engine/docker-endpoint.js'
import type { DockerEngine, EngineCall } from './engine/docker-engine.js'
import { createNestedEngine } from './engine/nested-engine.js'

/** Compose projects on a Docker Engine, by the Compose that the probe found. `@capstan/compose` is loaded at the first call. */
export class DockerComposeManager implements ComposeManager {
  readonly #engine: DockerEngine
  #manager: Promise<ComposeManager> | undefined

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async readProject(source: ComposeSource, options: OperationOptions = {}): Promise<ComposeProject> {
    return await (await this.#load()).readProject(source, options)
  }

  async up(source: ComposeSource, options: ComposeUpOptions = {}): Promise<RunningComposeProject> {
    return await (await this.#load()).up(source, options)
  }

  async down(project: string, options: ComposeDownOptions = {}): Promise<void> {
    await (await this.#load()).down(project, options)
  }

  async listProjects(options: ListOptions = {}): Promise<readonly ProjectInfo[]> {
    return await (await this.#load()).listProjects(options)
  }

  async listServices(project: string, options: OperationOptions = {}): Promise<readonly ServiceState[]> {
    return await (await this.#load()).listServices(project, options)
  }

  #load(): Promise<ComposeManager> {
    this.#manager ??= createManager(this.#engine)
    return this.#manager
  }
}

async function createManager(engine: DockerEngine): Promise<ComposeManager> {
  const { CommandComposeManager } = await import('@capstan/compose')
  const { runtimeName, details, env, ownerLabels, operations } = engine
  const { compose: program, endpoint, unsupportedOptions } = details
  if (program === undefined) throw new TypeError('the probe found no Compose')
  const nested = createNestedEngine(engine)
  return new CommandComposeManager({
    ...{ program, runtimeName, env, ownerLabels, operations, unsupportedOptions },
    address: endpoint.url,
    findEndpoint: (call) => findEndpoint(engine, call),
    managers: {
      runtime: new DockerRuntime(nested),
      networks: new DockerNetworkManager(nested),
      volumes: new DockerVolumeManager(nested),
    },
    events: new DockerEventStream(nested),
  })
}

/** Resolves with the endpoint of the open connection: for an engine on demand, such as one over ssh, its socket on this machine. */
async function findEndpoint(engine: DockerEngine, { signal }: OperationOptions): Promise<ComposeEndpoint> {
  const call: EngineCall = { operation: 'connect', subject: 'Compose', signal }
  const address = await engine.findAddress(call)
  const { api } = engine.details
  const tls = address.type === 'tcp' ? address.tls : undefined
  return { host: toHost(address), tls, apiVersion: api.pinned ? engine.apiVersion : undefined }
}

function toHost(address: DirectAddress): string {
  if (address.type === 'tcp') {
    const { host, port } = address
    return `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`
  }
  return address.type === 'socket' ? `unix://${address.path}` : `npipe://${address.path.replaceAll('\\', '/')}`
}
