import type {
  AttachOptions,
  ContainerConfig,
  ContainerInfo,
  ContainerInspection,
  ContainerState,
  CreateOptions,
  ImageInfo,
  ListContainersOptions,
  ListImagesOptions,
  LogOptions,
  LogStream,
  OperationOptions,
  RemoveOptions,
  Runtime,
  StopOptions,
  TerminalSize,
} from '@capstan/core'
import {
  createLogStream,
  findUnsupportedOption,
  type HostAddressOptions,
  validateAttachOptions,
  validateHostAddressOptions,
  validateImageReference,
  validateListContainersOptions,
  validateListImages,
  validateLogOptions,
  validateRemoveOptions,
  validateStopOptions,
  validateTerminalSize,
} from '@capstan/core/plugin'
import { attach } from './containers/attach.js'
import { createContainer } from './containers/create-container.js'
import { toContainerState } from './containers/inspection/convert-container.js'
import { inspectContainer, validateContainerId } from './containers/inspection/inspect-container.js'
import { checkLogOptions, readAllLogs, readLog } from './containers/logs/read-log.js'
import { getPortBindings, inspectForContract, listContainers } from './containers/read-containers.js'
import { removeContainer } from './containers/remove-container.js'
import { resizeTerminal } from './containers/resize-terminal.js'
import { startAttached } from './containers/start-attached.js'
import { startContainer } from './containers/start-container.js'
import { stopContainer } from './containers/stop-container.js'
import { validateConfig } from './containers/validate-config.js'
import { waitContainer } from './containers/wait-container.js'
import { getHostAddress } from './endpoint/host-address.js'
import type { DockerEngine } from './engine/docker-engine.js'
import { ping } from './engine/ping.js'
import { prepareStart } from './firewall/prepare-start.js'
import { releaseSandboxIfEnded } from './firewall/sandbox/release-sandbox.js'
import { findImage, getImageHomeDir, listImages } from './images/images.js'
import { removeImage } from './images/remove-image.js'

/** A Docker Engine. A method that takes an id, a config or a size validates it, then runs one operation. */
export class DockerRuntime implements Runtime {
  readonly type: string
  readonly portHost: string | undefined
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.type = engine.runtimeName
    this.portHost = engine.details.portHost
    this.#engine = engine
  }

  async ping(options: OperationOptions = {}): Promise<void> {
    const { details, timeouts } = this.#engine
    await this.#engine.run('ping', details.endpoint.url, options, async (call) => {
      const limit = call.hasCallerSignal ? {} : { timeoutMs: timeouts.pingMs, timeoutOption: 'timeouts.pingMs' }
      await ping(this.#engine, { ...call, ...limit })
    })
  }

  async createContainer(config: ContainerConfig, options: CreateOptions = {}): Promise<string> {
    validateConfig(this.#engine, config, options)
    return await this.#engine.run('createContainer', config.name ?? config.image, options, (call) =>
      createContainer(this.#engine, config, options, call),
    )
  }

  async startContainer(id: string, options: OperationOptions = {}): Promise<void> {
    validateContainerId(id)
    await this.#engine.run('startContainer', id, options, (call) => startContainer(this.#engine, call, prepareStart))
  }

  async stopContainer(id: string, options: StopOptions = {}): Promise<void> {
    validateContainerId(id)
    validateStopOptions(options)
    await this.#engine.run('stopContainer', id, options, async (call) => {
      await stopContainer(this.#engine, id, { ...options, ...call })
      await releaseSandboxIfEnded(this.#engine, call)
    })
  }

  async waitContainer(id: string, options: OperationOptions = {}): Promise<number> {
    validateContainerId(id)
    return await this.#engine.run('waitContainer', id, options, async (call) => {
      const exitCode = await waitContainer(this.#engine, call)
      await releaseSandboxIfEnded(this.#engine, call)
      return exitCode
    })
  }

  async removeContainer(id: string, options: RemoveOptions = {}): Promise<void> {
    validateContainerId(id)
    validateRemoveOptions(options)
    await this.#engine.run('removeContainer', id, options, (call) =>
      removeContainer(this.#engine, id, { ...options, ...call }),
    )
  }

  async containerLogs(id: string, options: LogOptions = {}): Promise<LogStream> {
    validateContainerId(id)
    validateLogOptions(options)
    checkLogOptions(this.#engine, options)
    const { operations } = this.#engine
    return createLogStream({ operations, id, options }, (call) => readLog(this.#engine, options, call))
  }

  async containerLogsAll(id: string, options: OperationOptions = {}): Promise<Uint8Array> {
    validateContainerId(id)
    return await this.#engine.run('containerLogsAll', id, options, (call) => readAllLogs(this.#engine, call))
  }

  async containerState(id: string, options: OperationOptions = {}): Promise<ContainerState> {
    validateContainerId(id)
    return await this.#engine.run('containerState', id, options, async (call) =>
      toContainerState((await inspectContainer(this.#engine, call)).State?.Status),
    )
  }

  async inspectContainer(id: string, options: OperationOptions = {}): Promise<ContainerInspection> {
    validateContainerId(id)
    return await this.#engine.run('inspectContainer', id, options, (call) => inspectForContract(this.#engine, call))
  }

  async imageExists(tag: string, options: OperationOptions = {}): Promise<boolean> {
    validateImageReference(tag)
    return await this.#engine.run('imageExists', tag, options, async (call) => {
      return (await findImage(this.#engine, tag, { ...call, field: 'image' })) !== undefined
    })
  }

  async getImageHomeDir(image: string, options: OperationOptions = {}): Promise<string> {
    return await this.#engine.run('getImageHomeDir', image, options, (call) => getImageHomeDir(this.#engine, call))
  }

  async listImages(options: ListImagesOptions = {}): Promise<readonly ImageInfo[]> {
    validateListImages(options)
    return await this.#engine.run('listImages', 'images', options, (call) => listImages(this.#engine, options, call))
  }

  async removeImage(id: string, options: OperationOptions = {}): Promise<void> {
    validateImageReference(id, 'id')
    await this.#engine.run('removeImage', id, options, (call) => removeImage(this.#engine, { ...call, field: 'id' }))
  }

  async attach(id: string, options: AttachOptions = {}): Promise<void> {
    validateContainerId(id)
    validateAttachOptions(options)
    await this.#engine.run('attach', id, options, (call) => attach(this.#engine, options, call))
  }

  async startAttached(id: string, options: AttachOptions = {}): Promise<number> {
    validateContainerId(id)
    validateAttachOptions(options)
    return await this.#engine.run('startAttached', id, options, (call) =>
      startAttached(this.#engine, { ...options, prepare: prepareStart }, call),
    )
  }

  async resizeTTY(id: string, size: TerminalSize, options: OperationOptions = {}): Promise<void> {
    validateContainerId(id)
    validateTerminalSize(size)
    await this.#engine.run('resizeTTY', id, options, (call) => resizeTerminal(this.#engine, size, call))
  }

  async getHostAddress(options: HostAddressOptions = {}): Promise<string | undefined> {
    validateHostAddressOptions(options)
    const { networkId } = options
    return await this.#engine.run('getHostAddress', networkId ?? 'the default network', options, (call) =>
      getHostAddress(this.#engine, { ...options, ...call }),
    )
  }

  supportsHostNetwork(): boolean {
    return findUnsupportedOption('network.host', this.#engine.details.unsupportedOptions) === undefined
  }

  async getPortBindings(id: string, options: OperationOptions = {}): Promise<ReadonlyMap<number, number>> {
    validateContainerId(id)
    return await this.#engine.run('getPortBindings', id, options, (call) => getPortBindings(this.#engine, call))
  }

  async listContainers(options: ListContainersOptions = {}): Promise<readonly ContainerInfo[]> {
    validateListContainersOptions(options)
    return await this.#engine.run('listContainers', 'containers', options, (call) =>
      listContainers(this.#engine, options, call),
    )
  }

  close(): Promise<void> {
    return this.#engine.close()
  }
}
