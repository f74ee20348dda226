import type {
  ContainerInspection,
  CreateOptions,
  OperationOptions,
  Runtime,
  SidecarConfig,
  SidecarManager,
} from '@capstan/core'
import { toSidecarContainer } from '@capstan/core/plugin'
import { removeVolumesOf } from './containers/mounts.js'
import { removeContainer } from './containers/stop-container.js'
import type { MemoryConnection } from './memory-connection.js'

/** Runs sidecars with the runtime's own operations, so that their scripted faults apply here too. */
export class MemorySidecarManager implements SidecarManager {
  readonly #connection: MemoryConnection
  readonly #runtime: Runtime

  constructor(connection: MemoryConnection, runtime: Runtime) {
    this.#connection = connection
    this.#runtime = runtime
  }

  async startSidecar(config: SidecarConfig, options: CreateOptions = {}): Promise<string> {
    const container = toSidecarContainer(config)
    return await this.#connection.call('startSidecar', options, async ({ signal, undo }) => {
      const id = await this.#runtime.createContainer(container, { ...options, signal })
      undo.add(`sidecar ${config.name}`, (own) => this.#remove(id, own.signal))
      await this.#runtime.startContainer(id, { signal })
      return id
    })
  }

  async #remove(id: string, signal: AbortSignal): Promise<void> {
    const { engine } = this.#connection
    await this.#connection.undo('removeContainer', signal, async () => {
      const container = engine.containers.find(id)
      if (container !== undefined) await removeContainer(engine, container)
      removeVolumesOf(engine, id)
    })
  }

  async inspectContainer(id: string, options: OperationOptions = {}): Promise<ContainerInspection> {
    return await this.#runtime.inspectContainer(id, options)
  }
}
