import type {
  ContainerInspection,
  CreateOptions,
  OperationOptions,
  Runtime,
  SidecarConfig,
  SidecarManager,
} from '@capstan/core'
import { validateSidecarConfig } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import { checkConfig, createContainer } from './containers/create-container.js'
import { startContainer } from './containers/start-container.js'

/** Starts helper containers. Peers reach each other by address, because the guests have no name service. */
export class AppleSidecarManager implements SidecarManager {
  readonly #context: AppleRuntimeContext
  readonly #runtime: Runtime

  constructor(context: AppleRuntimeContext, runtime: Runtime) {
    this.#context = context
    this.#runtime = runtime
  }

  async startSidecar(sidecar: SidecarConfig, options: CreateOptions = {}): Promise<string> {
    const config = validateSidecarConfig(sidecar, options)
    checkConfig(this.#context, config)
    const { onProgress } = options
    return await this.#context.call(
      { operation: 'startSidecar', subject: config.name ?? '' },
      options,
      async (call) => {
        const id = await createContainer(this.#context, config, { call, onProgress })
        await startContainer(this.#context, id, { call })
        return id
      },
    )
  }

  async inspectContainer(id: string, options: OperationOptions = {}): Promise<ContainerInspection> {
    return await this.#runtime.inspectContainer(id, options)
  }
}
