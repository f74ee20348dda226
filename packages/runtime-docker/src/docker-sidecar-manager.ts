import type { ContainerInspection, CreateOptions, OperationOptions, SidecarConfig, SidecarManager } from '@capstan/core'
import { validateSidecarConfig } from '@capstan/core/plugin'
import { createContainer } from './containers/create-container.js'
import { validateContainerId } from './containers/inspection/inspect-container.js'
import { inspectForContract } from './containers/read-containers.js'
import { startContainer } from './containers/start-container.js'
import { validateConfig } from './containers/validate-config.js'
import type { DockerEngine } from './engine/docker-engine.js'

/** Long-running helper containers on a Docker Engine. */
export class DockerSidecarManager implements SidecarManager {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async startSidecar(config: SidecarConfig, options: CreateOptions = {}): Promise<string> {
    const container = validateSidecarConfig(config, options)
    validateConfig(this.#engine, container)
    return await this.#engine.run('startSidecar', config.name, options, async (call) => {
      const id = await createContainer(this.#engine, container, options, call)
      await startContainer(this.#engine, { ...call, subject: id })
      return id
    })
  }

  async inspectContainer(id: string, options: OperationOptions = {}): Promise<ContainerInspection> {
    validateContainerId(id)
    return await this.#engine.run('inspectContainer', id, options, (call) => inspectForContract(this.#engine, call))
  }
}
