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
  checkConfigOptions,
  createHostError,
  findUnsupportedOption,
  type HostAddressOptions,
  isListed,
  toImageHome,
  untilAborted,
  validateAttachOptions,
  validateContainerConfig,
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
import { attachContainer, startAttached } from './containers/attach.js'
import { createContainer } from './containers/create-container.js'
import { inspectContainer, toContainerInfo } from './containers/inspect-container.js'
import { createLogStream, readWholeLog } from './containers/read-logs.js'
import { removeContainer } from './containers/remove-container.js'
import { startContainer } from './containers/start-container.js'
import { getCurrentRun, type MemoryContainer, toContainerState } from './containers/state/memory-container.js'
import { stopContainer } from './containers/stop-container.js'
import { toShortReference } from './images/state/image-store.js'
import { toImageInfo } from './images/state/stored-image.js'
import type { MemoryEngine } from './memory-engine.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'
import { findGateway } from './networks/connect.js'
import { toSignalName } from './simulation/processes/signals.js'

/**
 * Implements the runtime on a simulated engine.
 *
 * Asynchronous methods validate their arguments, except `getImageHomeDir`, and run as one operation, to which injected
 * faults apply. The operation of `containerLogs` begins at the first read.
 */
export class MemoryRuntime implements Runtime {
  readonly type: string
  /** Simulated containers publish ports of this process. */
  readonly portHost = '127.0.0.1'
  readonly #context: MemoryRuntimeContext
  readonly #engine: MemoryEngine

  constructor(context: MemoryRuntimeContext) {
    this.type = context.runtimeName
    this.#context = context
    this.#engine = context.engine
  }

  async ping(options: OperationOptions = {}): Promise<void> {
    await this.#context.call('ping', options, () => {})
  }

  async createContainer(config: ContainerConfig, options: CreateOptions = {}): Promise<string> {
    validateContainerConfig(config, options)
    if (config.stopSignal !== undefined) toSignalName(config.stopSignal, 'stopSignal')
    checkConfigOptions(this.type, config, this.#context.unsupportedOptions)
    const { onProgress } = options
    return await this.#context.call('createContainer', options, async (call) => {
      const { id } = await createContainer(this.#context, config, { call, ...(onProgress && { onProgress }) })
      return id
    })
  }

  async startContainer(id: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    await this.#context.call('startContainer', options, async ({ undo }) => {
      await startContainer(this.#context, this.#engine.containers.require(id), { undo })
    })
  }

  async stopContainer(id: string, options: StopOptions = {}): Promise<void> {
    validateId(id)
    validateStopOptions(options)
    const { graceMs = 10_000 } = options
    await this.#context.call('stopContainer', options, async ({ signal }) => {
      const container = this.#engine.containers.find(id)
      if (container !== undefined) await stopContainer(container, { graceMs, signal })
    })
  }

  async waitContainer(id: string, options: OperationOptions = {}): Promise<number> {
    validateId(id)
    return await this.#context.call('waitContainer', options, ({ signal }) => {
      const container = this.#engine.containers.require(id)
      if (this.#isForeign(container)) this.#context.checkOption(runtimeCapability, 'foreignContainers.exitCode', id)
      return waitContainer(container, signal)
    })
  }

  async removeContainer(id: string, options: RemoveOptions = {}): Promise<void> {
    validateId(id)
    validateRemoveOptions(options)
    await this.#context.call('removeContainer', options, () => removeContainer(this.#engine, id, options))
  }

  async containerLogs(id: string, options: LogOptions = {}): Promise<LogStream> {
    validateId(id)
    validateLogOptions(options)
    const { since, timestamps, stdout = true, stderr = true } = options
    this.#context.checkOption(runtimeCapability, 'logs.since', since)
    this.#context.checkOption(runtimeCapability, 'logs.timestamps', timestamps)
    this.#context.checkOption(runtimeCapability, 'logs.split', stdout !== stderr)
    return createLogStream(this.#context, id, options)
  }

  async containerLogsAll(id: string, options: OperationOptions = {}): Promise<Uint8Array> {
    validateId(id)
    return await this.#context.call('containerLogsAll', options, () =>
      readWholeLog(this.#engine.containers.require(id)),
    )
  }

  async containerState(id: string, options: OperationOptions = {}): Promise<ContainerState> {
    validateId(id)
    return await this.#context.call('containerState', options, () =>
      toContainerState(this.#engine.containers.require(id)),
    )
  }

  async inspectContainer(id: string, options: OperationOptions = {}): Promise<ContainerInspection> {
    validateId(id)
    return await this.#context.call('inspectContainer', options, () =>
      inspectContainer(this.#engine, this.#engine.containers.require(id)),
    )
  }

  async imageExists(tag: string, options: OperationOptions = {}): Promise<boolean> {
    validateImageReference(tag, 'tag')
    return await this.#context.call('imageExists', options, () => this.#engine.images.find(tag) !== undefined)
  }

  async getImageHomeDir(image: string, options: OperationOptions = {}): Promise<string> {
    this.#context.operations.assertOpen()
    try {
      return await this.#context.call('getImageHomeDir', options, () =>
        toImageHome(this.#engine.images.require(image).config),
      )
    } catch {
      // The contract returns `/root` for an unknown home directory. Only an abort and a closed runtime reject.
      options.signal?.throwIfAborted()
      this.#context.operations.assertOpen()
      return '/root'
    }
  }

  async listImages(options: ListImagesOptions = {}): Promise<readonly ImageInfo[]> {
    validateListImages(options)
    return await this.#context.call('listImages', options, () =>
      this.#engine.images
        .list()
        .filter(({ config }) => isListed(config, options))
        .map(toImageInfo),
    )
  }

  async removeImage(id: string, options: OperationOptions = {}): Promise<void> {
    validateImageReference(id, 'id')
    await this.#context.call('removeImage', options, () => removeImage(this.#engine, id))
  }

  async attach(id: string, options: AttachOptions = {}): Promise<void> {
    validateId(id)
    validateAttachOptions(options)
    await this.#context.call('attach', options, ({ signal }) => {
      const container = this.#engine.containers.require(id)
      const unsupported = findUnsupportedOption('foreignContainers.output', this.#context.unsupportedOptions)
      if (unsupported !== undefined && this.#isForeign(container))
        throw createHostError('NOT_ATTACHABLE', { id, reason: unsupported.reason })
      return attachContainer(container, { ...options, signal })
    })
  }

  async startAttached(id: string, options: AttachOptions = {}): Promise<number> {
    validateId(id)
    validateAttachOptions(options)
    return await this.#context.call('startAttached', options, ({ signal }) =>
      startAttached(this.#context, this.#engine.containers.require(id), { attach: options, signal }),
    )
  }

  async resizeTTY(id: string, size: TerminalSize, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    validateTerminalSize(size)
    await this.#context.call('resizeTTY', options, () => {
      const container = this.#engine.containers.require(id)
      if (container.config.tty !== true || toContainerState(container) === 'exited') return
      this.#context.checkOption(runtimeCapability, 'tty.resize', size)
      container.terminalSize = size
    })
  }

  async getHostAddress(options: HostAddressOptions = {}): Promise<string | undefined> {
    validateHostAddressOptions(options)
    const { networks } = this.#engine
    return await this.#context.call('getHostAddress', options, () => {
      const network = options.networkId === undefined ? networks.defaultNetwork : networks.require(options.networkId)
      return findGateway([network])
    })
  }

  supportsHostNetwork(): boolean {
    return findUnsupportedOption('network.host', this.#context.unsupportedOptions) === undefined
  }

  async getPortBindings(id: string, options: OperationOptions = {}): Promise<ReadonlyMap<number, number>> {
    validateId(id)
    return await this.#context.call('getPortBindings', options, () => {
      const ports = getCurrentRun(this.#engine.containers.require(id))?.network.ports ?? []
      // When several host ports lead to one container port, the first is returned.
      return new Map([...ports].reverse().map(({ containerPort, hostPort }) => [containerPort, hostPort]))
    })
  }

  async listContainers(options: ListContainersOptions = {}): Promise<readonly ContainerInfo[]> {
    validateListContainersOptions(options)
    return await this.#context.call('listContainers', options, () =>
      this.#engine.containers
        .list()
        .map(toContainerInfo)
        .filter((container) => isListed(container, options)),
    )
  }

  async close(): Promise<void> {
    await this.#context.close()
  }

  /** Whether the container is foreign: another runtime, which may be closed, started it. */
  #isForeign({ latestRun }: MemoryContainer): boolean {
    return latestRun !== undefined && latestRun.startedBy !== this.#context
  }
}

/** Resolves with the exit code of the current or last run, or of the next run if there is none yet or a restart follows. */
async function waitContainer(container: MemoryContainer, signal: AbortSignal): Promise<number> {
  const { lifecycle, id } = container
  while (container.latestRun === undefined || container.restarts.isPending) {
    if (lifecycle.isBeingRemoved)
      throw createHostError('EXIT_CODE_UNKNOWN', { id, reason: 'it was removed before it ran' })
    await untilAborted(lifecycle.waitForChange(), signal)
  }
  return await untilAborted(container.latestRun.whenEnded, signal)
}

/**
 * Removes a tag. Removes the image when the reference is an id or its last tag; throws IN_USE while a container uses the
 * image.
 */
function removeImage({ images, containers }: MemoryEngine, reference: string): void {
  const image = images.find(reference)
  if (image === undefined) return
  const isTag = image.tags.has(toShortReference(reference))
  const users = containers.list().filter((container) => container.image.id === image.id)
  if (isTag && image.tags.size > 1) images.untag(reference)
  else if (users.length === 0) images.delete(image.id)
  else throw createHostError('IN_USE', { subject: `image "${reference}"`, users: users.map(({ name }) => name) })
}
