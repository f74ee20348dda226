import {
  type ContainerInspection,
  type CreateOptions,
  createUndoStack,
  type OperationOptions,
  type SidecarConfig,
  type SidecarManager,
  toSidecarContainer,
  withUndoFailures,
} from '@capstan/core'
import { makeContainer } from './container/create-container.js'
import { getInspection } from './container/get-inspection.js'
import type { KeptSettings } from './container/kept-settings.js'
import { removeContainer } from './container/remove-container.js'
import { startContainer } from './container/start-container.js'
import type { DockerEngine } from './docker-engine.js'

/** Long-running helper containers on a Docker Engine. */
export class DockerSidecarManager implements SidecarManager {
  readonly #engine: DockerEngine
  readonly #kept: KeptSettings

  constructor(engine: DockerEngine, kept: KeptSettings) {
    this.#engine = engine
    this.#kept = kept
  }

  startSidecar(config: SidecarConfig, options: CreateOptions = {}): Promise<string> {
    return this.#engine.keepOpen(() => this.#start(config, options))
  }

  inspectContainer(id: string, options?: OperationOptions): Promise<ContainerInspection> {
    return getInspection(this.#engine, id, options)
  }

  async #start(config: SidecarConfig, options: CreateOptions): Promise<string> {
    const operation = 'startSidecar'
    const { id, removeVolumes } = await makeContainer(this.#engine, toSidecarContainer(config), {
      ...options,
      operation,
    })
    const undo = createUndoStack({ timeoutMs: this.#engine.timeouts.undoMs })
    undo.add(`sidecar ${config.name}`, (own) => removeContainer(this.#engine.undoing, id, own))
    try {
      await startContainer(this.#engine, this.#kept, id, { signal: options.signal, operation })
      return id
    } catch (error) {
      throw withUndoFailures(error, [...(await undo.run()), ...(await removeVolumes())])
    }
  }
}
