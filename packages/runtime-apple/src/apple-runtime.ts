import {
  type AttachOptions,
  type ContainerConfig,
  type ContainerInfo,
  type ContainerInspection,
  type ContainerState,
  type CreateOptions,
  type ImageInfo,
  type ListContainersOptions,
  type ListImagesOptions,
  type LogOptions,
  type LogStream,
  type OperationOptions,
  type RemoveOptions,
  type Runtime,
  runtimeCapability,
  type StopOptions,
  type TerminalSize,
} from '@capstan/core'
import {
  createLogStream,
  type HostAddressOptions,
  isListed,
  type Operation,
  validateAttachOptions,
  validateHostAddressOptions,
  validateId,
  validateImageReference,
  validateListContainersOptions,
  validateListImages,
  validateLogOptions,
  validateRemoveOptions,
  validateStopOptions,
  validateTerminalSize,
} from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import { attach, resizeTerminal, startAttached } from './containers/attach.js'
import { checkConfig, createContainer } from './containers/create-container.js'
import { waitContainer } from './containers/exit-code.js'
import { findContainer, listContainers, toContainerState } from './containers/queries/find-container.js'
import { readAllLogs, readLogs } from './containers/read-logs.js'
import { startContainer } from './containers/start-container.js'
import { removeContainer, stopContainer } from './containers/stop-container.js'
import { toContainerInfo, toInspection, toPortMap, toPorts } from './containers/to-inspection.js'
import { findImage, getImageHomeDir, listImages, removeImage } from './images/images.js'
import { getHostAddress } from './networks/host-address.js'

/** Runs containers with Apple's `container` command. Each method checks its arguments and options before it runs the command. */
export class AppleRuntime implements Runtime {
  readonly type: string
  /** The command runs on this machine. */
  readonly portHost = '127.0.0.1'
  readonly #context: AppleRuntimeContext

  constructor(context: AppleRuntimeContext) {
    this.type = context.runtimeName
    this.#context = context
  }

  async ping(options: OperationOptions = {}): Promise<void> {
    await this.#context.call({ operation: 'ping', subject: 'the service' }, options, async (call) => {
      await this.#context.run(['system', 'status'], { ...call, limit: 'pingMs' })
    })
  }

  async createContainer(config: ContainerConfig, options: CreateOptions = {}): Promise<string> {
    checkConfig(this.#context, config, options)
    const { onProgress } = options
    return await this.#call('createContainer', config.name ?? config.image, options, (call) =>
      createContainer(this.#context, config, { call, onProgress }),
    )
  }

  async startContainer(id: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    await this.#call('startContainer', id, options, (call) => startContainer(this.#context, id, { call }))
  }

  async stopContainer(id: string, options: StopOptions = {}): Promise<void> {
    validateId(id)
    validateStopOptions(options)
    const { graceMs = 10_000 } = options
    await this.#call('stopContainer', id, options, (call) => stopContainer(this.#context, id, { call, graceMs }))
  }

  async waitContainer(id: string, options: OperationOptions = {}): Promise<number> {
    validateId(id)
    return await this.#call('waitContainer', id, options, (call) => waitContainer(this.#context, id, call))
  }

  /** The command creates no volumes for those of an image, so `keepVolumes` has nothing to keep. */
  async removeContainer(id: string, options: RemoveOptions = {}): Promise<void> {
    validateId(id)
    validateRemoveOptions(options)
    await this.#call('removeContainer', id, options, (call) => removeContainer(this.#context, id, call))
  }

  async containerLogs(id: string, options: LogOptions = {}): Promise<LogStream> {
    validateId(id)
    validateLogOptions(options)
    const { since, timestamps, stdout = true, stderr = true } = options
    this.#context.checkOption(runtimeCapability, 'logs.since', since)
    this.#context.checkOption(runtimeCapability, 'logs.timestamps', timestamps)
    this.#context.checkOption(runtimeCapability, 'logs.split', stdout !== stderr)
    const { operations } = this.#context
    return createLogStream({ operations, id, options }, (call) => readLogs(this.#context, id, { call, options }))
  }

  async containerLogsAll(id: string, options: OperationOptions = {}): Promise<Uint8Array> {
    validateId(id)
    return await this.#call('containerLogsAll', id, options, (call) => readAllLogs(this.#context, id, call))
  }

  async containerState(id: string, options: OperationOptions = {}): Promise<ContainerState> {
    validateId(id)
    return await this.#call('containerState', id, options, async (call) =>
      toContainerState(this.#context, await findContainer(this.#context, id, call)),
    )
  }

  async inspectContainer(id: string, options: OperationOptions = {}): Promise<ContainerInspection> {
    validateId(id)
    return await this.#call('inspectContainer', id, options, async (call) =>
      toInspection(this.#context, await findContainer(this.#context, id, call)),
    )
  }

  async imageExists(tag: string, options: OperationOptions = {}): Promise<boolean> {
    validateImageReference(tag, 'tag')
    return await this.#call('imageExists', tag, options, async (call) => {
      return (await findImage(this.#context, tag, call)) !== undefined
    })
  }

  async getImageHomeDir(image: string, options: OperationOptions = {}): Promise<string> {
    try {
      validateImageReference(image)
      return await this.#call('getImageHomeDir', image, options, (call) => getImageHomeDir(this.#context, image, call))
    } catch {
      // Rejects only for an abort and after `close`. An unknown home is `/root`.
      options.signal?.throwIfAborted()
      this.#context.operations.assertOpen()
      return '/root'
    }
  }

  async listImages(options: ListImagesOptions = {}): Promise<readonly ImageInfo[]> {
    validateListImages(options)
    return await this.#call('listImages', 'the images', options, (call) => listImages(this.#context, options, call))
  }

  async removeImage(id: string, options: OperationOptions = {}): Promise<void> {
    validateImageReference(id, 'id')
    await this.#call('removeImage', id, options, (call) => removeImage(this.#context, id, call))
  }

  async attach(id: string, options: AttachOptions = {}): Promise<void> {
    validateId(id)
    validateAttachOptions(options)
    await this.#call('attach', id, options, (call) => attach(this.#context, id, { call, options }))
  }

  async startAttached(id: string, options: AttachOptions = {}): Promise<number> {
    validateId(id)
    validateAttachOptions(options)
    return await this.#call('startAttached', id, options, (call) => startAttached(this.#context, id, { call, options }))
  }

  async resizeTTY(id: string, size: TerminalSize, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    validateTerminalSize(size)
    await this.#call('resizeTTY', id, options, (call) => resizeTerminal(this.#context, id, { size, call }))
  }

  async getHostAddress(options: HostAddressOptions = {}): Promise<string | undefined> {
    validateHostAddressOptions(options)
    const { networkId = 'default' } = options
    return await this.#call('getHostAddress', networkId, options, (call) =>
      getHostAddress(this.#context, networkId, call),
    )
  }

  supportsHostNetwork(): boolean {
    return false
  }

  async getPortBindings(id: string, options: OperationOptions = {}): Promise<ReadonlyMap<number, number>> {
    validateId(id)
    return await this.#call('getPortBindings', id, options, async (call) =>
      toPortMap(toPorts(await findContainer(this.#context, id, call))),
    )
  }

  async listContainers(options: ListContainersOptions = {}): Promise<readonly ContainerInfo[]> {
    validateListContainersOptions(options)
    return await this.#call('listContainers', 'the containers', options, async (call) =>
      (await listContainers(this.#context, call))
        .map((container) => toContainerInfo(this.#context, container))
        .filter((container) => isListed(container, options)),
    )
  }

  async close(): Promise<void> {
    await this.#context.close()
  }

  #call<T>(
    operation: string,
    subject: string,
    options: OperationOptions,
    effect: (call: Operation) => Promise<T>,
  ): Promise<T> {
    return this.#context.call({ operation, subject }, options, effect)
  }
}
