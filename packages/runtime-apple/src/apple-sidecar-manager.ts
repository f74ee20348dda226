import {
  type ContainerInspection,
  type CreateOptions,
  type OperationOptions,
  type SidecarConfig,
  type SidecarManager,
  toSidecarContainer,
  validateId,
} from '@capstan/core'
import type { AppleConnection } from './apple-connection.js'
import { toInspection } from './container/container-shapes.js'
import { checkConfig, createContainer } from './container/create-container.js'
import { findContainer } from './container/find-container.js'
import { startContainer } from './container/start-container.js'

/** Helper containers. Peers know each other by address: there is no name service in the guests. */
export class AppleSidecarManager implements SidecarManager {
  readonly #connection: AppleConnection

  constructor(connection: AppleConnection) {
    this.#connection = connection
  }

  async startSidecar(sidecar: SidecarConfig, options: CreateOptions = {}): Promise<string> {
    const config = toSidecarContainer(sidecar)
    checkConfig(this.#connection, config)
    const { onProgress } = options
    return await this.#connection.call(
      { operation: 'startSidecar', subject: config.name ?? '' },
      options,
      async (call) => {
        const id = await createContainer(this.#connection, config, { call, onProgress })
        await startContainer(this.#connection, id, { call })
        return id
      },
    )
  }

  async inspectContainer(id: string, options: OperationOptions = {}): Promise<ContainerInspection> {
    validateId(id)
    return await this.#connection.call({ operation: 'inspectContainer', subject: id }, options, async (call) =>
      toInspection(this.#connection, await findContainer(this.#connection, id, call)),
    )
  }
}
