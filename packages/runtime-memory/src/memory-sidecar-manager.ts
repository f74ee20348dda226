import type {
  ContainerInspection,
  CreateOptions,
  OperationOptions,
  Runtime,
  SidecarConfig,
  SidecarManager,
} from '@capstan/core'
import { validateSidecarConfig } from '@capstan/core/plugin'
import { removeVolumesOf } from './containers/mounts.js'
import { removeContainer } from './containers/remove-container.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'

/** Starts sidecars by `createContainer` and `startContainer` of the runtime, so faults injected into these apply too. */
export class MemorySidecarManager implements SidecarManager {
  readonly #context: MemoryRuntimeContext
  readonly #runtime: Runtime

  constructor(context: MemoryRuntimeContext, runtime: Runtime) {
    this.#context = context
    this.#runtime = runtime
  }

  async startSidecar(config: SidecarConfig, options: CreateOptions = {}): Promise<string> {
    const container = validateSidecarConfig(config, options)
    return await this.#context.call('startSidecar', options, async ({ signal, undo }) => {
      const id = await this.#runtime.createContainer(container, { ...options, signal })
      undo.add(`sidecar ${config.name}`, (own) => this.#remove(id, own.signal))
      await this.#runtime.startContainer(id, { signal })
      return id
    })
  }

  async #remove(id: string, signal: AbortSignal): Promise<void> {
    const { engine } = this.#context
    await this.#context.runUndoStep('removeContainer', signal, async () => {
      await removeContainer(engine, id)
      removeVolumesOf(engine, id)
    })
  }

  async inspectContainer(id: string, options: OperationOptions = {}): Promise<ContainerInspection> {
    return await this.#runtime.inspectContainer(id, options)
  }
}
