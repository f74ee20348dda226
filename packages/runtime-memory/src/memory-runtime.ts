import {
  type AttachOptions,
  type ContainerConfig,
  type ContainerInfo,
  type ContainerInspection,
  type ContainerState,
  type CreateOptions,
  type ImageInfo,
  type LogOptions,
  type LogStream,
  type OperationOptions,
  type Runtime,
  runtimeCapability,
  type StopOptions,
  type TerminalSize,
} from '@capstan/core'
import {
  createHostError,
  findRefusal,
  type HostAddressOptions,
  hasLabels,
  type ListContainersOptions,
  type ListOptions,
  refuseOptions,
  toImageHome,
  untilAborted,
  validateContainerConfig,
  validateId,
  validateImageReference,
  validateLogOptions,
  validateStopOptions,
  validateTerminalSize,
} from '@capstan/core/plugin'
import { attachContainer, startAttached } from './containers/attach.js'
import { createContainer } from './containers/create-container.js'
import { inspectContainer, toContainerInfo } from './containers/inspect-container.js'
import { createLogStream, readAll } from './containers/read-logs.js'
import { startContainer } from './containers/start-container.js'
import { findRun, type MemoryContainer, toContainerState } from './containers/state/memory-container.js'
import { removeContainer, stopContainer } from './containers/stop-container.js'
import { toTag } from './images/state/image-store.js'
import { toImageInfo } from './images/state/stored-image.js'
import type { MemoryConnection } from './memory-connection.js'
import type { MemoryEngine } from './memory-engine.js'
import { findGateway } from './networks/connect.js'
import { toSignalName } from './simulation/processes/signals.js'

/** The simulated runtime. Each method validates its input and then runs one operation of the connection. */
export class MemoryRuntime implements Runtime {
  readonly type: string
  readonly #connection: MemoryConnection

  constructor(connection: MemoryConnection) {
    this.type = connection.runtimeName
    this.#connection = connection
  }

  async ping(options: OperationOptions = {}): Promise<void> {
    await this.#connection.call('ping', options, () => {})
  }

  async createContainer(config: ContainerConfig, options: CreateOptions = {}): Promise<string> {
    validateContainerConfig(config)
    if (config.stopSignal !== undefined) toSignalName(config.stopSignal, 'stopSignal')
    refuseOptions(this.type, config, this.#connection.unsupportedOptions)
    const { onProgress } = options
    return await this.#connection.call('createContainer', options, async (call) => {
      const { id } = await createContainer(this.#connection, config, { call, ...(onProgress && { onProgress }) })
      return id
    })
  }

  async startContainer(id: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    const { engine } = this.#connection
    await this.#connection.call('startContainer', options, async ({ undo }) => {
      const rulesTiming = this.#connection.rulesTiming
      await startContainer(engine, engine.containers.require(id), { starter: this.#connection, undo, rulesTiming })
    })
  }

  async stopContainer(id: string, options: StopOptions = {}): Promise<void> {
    validateId(id)
    validateStopOptions(options)
    const { graceMs = 10_000 } = options
    await this.#connection.call('stopContainer', options, async ({ signal }) => {
      const container = this.#connection.engine.containers.find(id)
      if (container !== undefined) await stopContainer(container, { graceMs, signal })
    })
  }

  async waitContainer(id: string, options: OperationOptions = {}): Promise<number> {
    validateId(id)
    const { containers } = this.#connection.engine
    return await this.#connection.call('waitContainer', options, ({ signal }) => {
      const container = containers.require(id)
      if (this.#isForeign(container)) this.#connection.refuse(runtimeCapability, 'foreignContainers.exitCode', id)
      return waitContainer(container, signal)
    })
  }

  async removeContainer(id: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    const { engine } = this.#connection
    await this.#connection.call('removeContainer', options, async () => {
      const container = engine.containers.find(id)
      if (container !== undefined) await removeContainer(engine, container)
    })
  }

  async containerLogs(id: string, options: LogOptions = {}): Promise<LogStream> {
    validateId(id)
    validateLogOptions(options)
    this.#refuseLogOptions(options)
    return createLogStream(this.#connection, id, options)
  }

  #refuseLogOptions({ since, timestamps, stdout = true, stderr = true }: LogOptions): void {
    this.#connection.refuse(runtimeCapability, 'logs.since', since)
    this.#connection.refuse(runtimeCapability, 'logs.timestamps', timestamps)
    this.#connection.refuse(runtimeCapability, 'logs.split', stdout !== stderr)
  }

  async containerLogsAll(id: string, options: OperationOptions = {}): Promise<Uint8Array> {
    validateId(id)
    const { containers } = this.#connection.engine
    return await this.#connection.call('containerLogsAll', options, () => readAll(containers.require(id).log))
  }

  async containerState(id: string, options: OperationOptions = {}): Promise<ContainerState> {
    validateId(id)
    const { containers } = this.#connection.engine
    return await this.#connection.call('containerState', options, () => toContainerState(containers.require(id)))
  }

  async inspectContainer(id: string, options: OperationOptions = {}): Promise<ContainerInspection> {
    validateId(id)
    const { engine } = this.#connection
    return await this.#connection.call('inspectContainer', options, () =>
      inspectContainer(engine, engine.containers.require(id)),
    )
  }

  async imageExists(tag: string, options: OperationOptions = {}): Promise<boolean> {
    validateImageReference(tag, 'tag')
    const { images } = this.#connection.engine
    return await this.#connection.call('imageExists', options, () => images.find(tag) !== undefined)
  }

  async getImageHomeDir(image: string, options: OperationOptions = {}): Promise<string> {
    this.#connection.operations.assertOpen()
    const { images } = this.#connection.engine
    try {
      return await this.#connection.call('getImageHomeDir', options, () => toImageHome(images.require(image).config))
    } catch {
      // Without a known home directory the answer is that of root. Only an abort and a closed runtime reject.
      options.signal?.throwIfAborted()
      this.#connection.operations.assertOpen()
      return '/root'
    }
  }

  async listImages(options: ListOptions = {}): Promise<readonly ImageInfo[]> {
    const { images } = this.#connection.engine
    return await this.#connection.call('listImages', options, () =>
      images
        .list()
        .filter(({ config }) => hasLabels(config.labels, options.labels))
        .map(toImageInfo),
    )
  }

  async removeImage(id: string, options: OperationOptions = {}): Promise<void> {
    validateImageReference(id, 'id')
    const { engine } = this.#connection
    await this.#connection.call('removeImage', options, () => removeImage(engine, id))
  }

  async attach(id: string, options: AttachOptions = {}): Promise<void> {
    validateId(id)
    if (options.initialSize !== undefined) validateTerminalSize(options.initialSize, 'initialSize')
    const { containers } = this.#connection.engine
    await this.#connection.call('attach', options, ({ signal }) => {
      const container = containers.require(id)
      if (this.#isForeign(container)) this.#refuseForeignSession(id)
      return attachContainer(container, { ...options, signal })
    })
  }

  async startAttached(id: string, options: AttachOptions = {}): Promise<number> {
    validateId(id)
    if (options.initialSize !== undefined) validateTerminalSize(options.initialSize, 'initialSize')
    const { engine } = this.#connection
    const starter = this.#connection
    return await this.#connection.call('startAttached', options, ({ signal }) =>
      startAttached(engine, engine.containers.require(id), {
        attach: options,
        signal,
        starter,
        rulesTiming: starter.rulesTiming,
      }),
    )
  }

  async resizeTTY(id: string, size: TerminalSize, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    validateTerminalSize(size)
    const { containers } = this.#connection.engine
    await this.#connection.call('resizeTTY', options, () => {
      const container = containers.require(id)
      if (container.config.tty !== true || toContainerState(container) === 'exited') return
      this.#connection.refuse(runtimeCapability, 'tty.resize', size)
      container.terminalSize = size
    })
  }

  async getHostAddress(options: HostAddressOptions = {}): Promise<string | undefined> {
    if (options.networkId !== undefined) validateId(options.networkId, 'networkId')
    const { networks } = this.#connection.engine
    return await this.#connection.call('getHostAddress', options, () => {
      const network = options.networkId === undefined ? networks.defaultNetwork : networks.require(options.networkId)
      return findGateway([network])
    })
  }

  supportsHostNetwork(): boolean {
    return findRefusal('network.host', this.#connection.unsupportedOptions) === undefined
  }

  async getPortBindings(id: string, options: OperationOptions = {}): Promise<ReadonlyMap<number, number>> {
    validateId(id)
    const { containers } = this.#connection.engine
    return await this.#connection.call('getPortBindings', options, () => {
      const ports = findRun(containers.require(id))?.ports ?? []
      // When several host ports lead to one container port, the first is returned.
      return new Map([...ports].reverse().map(({ containerPort, hostPort }) => [containerPort, hostPort]))
    })
  }

  async listContainers(options: ListContainersOptions = {}): Promise<readonly ContainerInfo[]> {
    const { containers } = this.#connection.engine
    return await this.#connection.call('listContainers', options, () =>
      containers
        .list()
        .filter(({ labels }) => hasLabels(labels, options.labels))
        .map(toContainerInfo),
    )
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  #isForeign({ run }: MemoryContainer): boolean {
    return run !== undefined && run.starter !== this.#connection
  }

  #refuseForeignSession(id: string): void {
    const refused = findRefusal('foreignContainers.output', this.#connection.unsupportedOptions)
    if (refused !== undefined) throw createHostError('NOT_ATTACHABLE', { id, reason: refused.reason })
  }
}

/** Resolves with the exit code of the current or last run, or of the next one where the container has not run yet. */
async function waitContainer(container: MemoryContainer, signal: AbortSignal): Promise<number> {
  const { events, id } = container
  while (container.run === undefined) {
    if (events.isRemoved) throw createHostError('EXIT_CODE_UNKNOWN', { id, reason: 'it was removed before it ran' })
    await untilAborted(events.startedOrRemoved(), signal)
  }
  return await untilAborted(container.run.ended, signal)
}

/** Removes the tag. The last tag, and an id, remove the image too, unless a container uses it. */
function removeImage({ images, containers }: MemoryEngine, reference: string): void {
  const image = images.find(reference)
  if (image === undefined) return
  const isTag = image.tags.has(toTag(reference))
  const users = containers.list().filter((container) => container.image.id === image.id)
  if (isTag && image.tags.size > 1) images.untag(reference)
  else if (users.length === 0) images.delete(image.id)
  else throw createHostError('IN_USE', { subject: `image "${reference}"`, users: users.map(({ name }) => name) })
}
