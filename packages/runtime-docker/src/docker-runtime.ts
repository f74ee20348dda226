import type {
  AttachOptions,
  ContainerConfig,
  ContainerInfo,
  ContainerInspection,
  ContainerState,
  CreateOptions,
  HostAddressOptions,
  ImageInfo,
  ListContainersOptions,
  ListOptions,
  LogOptions,
  LogStream,
  OperationOptions,
  Runtime,
  StopOptions,
  TerminalSize,
} from '@capstan/core'
import { findRefusal, validateLogOptions } from '@capstan/core'
import { toContainerState } from './container/container-shapes.js'
import { createContainer } from './container/create-container.js'
import { getInspection } from './container/get-inspection.js'
import { getPortBindings } from './container/get-port-bindings.js'
import { getHostAddress } from './container/host-address.js'
import { inspectContainer, validateContainerId } from './container/inspect-container.js'
import type { KeptSettings } from './container/kept-settings.js'
import { listContainers } from './container/list-containers.js'
import { removeContainer } from './container/remove-container.js'
import { resizeTerminal } from './container/resize-terminal.js'
import { startContainer } from './container/start-container.js'
import { stopContainer } from './container/stop-container.js'
import { waitContainer } from './container/wait-container.js'
import type { DockerEngine } from './docker-engine.js'
import { DockerLogStream } from './docker-log-stream.js'
import { getImageHomeDir, imageExists, listImages } from './image/images.js'
import { removeImage } from './image/remove-image.js'
import { attach } from './stream/attach.js'
import { readAllLogs } from './stream/read-all-logs.js'
import { refuseLogOptions } from './stream/refuse-log-options.js'
import { startAttached } from './stream/start-attached.js'

/** A Docker Engine. Each longer method has a file of its own. */
export class DockerRuntime implements Runtime {
  readonly type: string
  readonly #engine: DockerEngine
  readonly #kept: KeptSettings

  constructor(engine: DockerEngine, kept: KeptSettings) {
    this.type = engine.runtimeName
    this.#engine = engine
    this.#kept = kept
  }

  async ping({ signal }: OperationOptions = {}): Promise<void> {
    const { details, timeouts } = this.#engine
    const limit = signal === undefined ? { timeoutMs: timeouts.pingMs, timeoutOption: 'timeouts.pingMs' } : { signal }
    const call = { operation: 'ping', subject: details.endpoint.url, ...limit }
    const response = await this.#engine.send({ ...call, method: 'GET', path: '/_ping', unversioned: true })
    response.resume()
  }

  createContainer(config: ContainerConfig, options?: CreateOptions): Promise<string> {
    return this.#engine.keepOpen(() => createContainer(this.#engine, config, options))
  }

  startContainer(id: string, { signal }: OperationOptions = {}): Promise<void> {
    return this.#engine.keepOpen(() => startContainer(this.#engine, this.#kept, id, { signal }))
  }

  stopContainer(id: string, options?: StopOptions): Promise<void> {
    return stopContainer(this.#engine, id, options)
  }

  waitContainer(id: string, options?: OperationOptions): Promise<number> {
    return waitContainer(this.#engine, id, options)
  }

  async removeContainer(id: string, options?: OperationOptions): Promise<void> {
    await removeContainer(this.#engine, id, options)
    this.#kept.forget(id)
  }

  async containerLogs(id: string, options: LogOptions = {}): Promise<LogStream> {
    validateContainerId(id)
    validateLogOptions(options)
    refuseLogOptions(this.#engine, options)
    options.signal?.throwIfAborted()
    return new DockerLogStream(this.#engine, id, options)
  }

  containerLogsAll(id: string, options?: OperationOptions): Promise<Uint8Array> {
    return readAllLogs(this.#engine, id, options)
  }

  async containerState(id: string, options: OperationOptions = {}): Promise<ContainerState> {
    validateContainerId(id)
    const call = { operation: 'containerState', subject: id, ...options }
    return toContainerState((await inspectContainer(this.#engine, call)).State?.Status)
  }

  inspectContainer(id: string, options?: OperationOptions): Promise<ContainerInspection> {
    return getInspection(this.#engine, id, options)
  }

  imageExists(tag: string, options?: OperationOptions): Promise<boolean> {
    return imageExists(this.#engine, tag, options)
  }

  getImageHomeDir(image: string, options?: OperationOptions): Promise<string> {
    return getImageHomeDir(this.#engine, image, options)
  }

  listImages(options?: ListOptions): Promise<readonly ImageInfo[]> {
    return listImages(this.#engine, options)
  }

  removeImage(id: string, options?: OperationOptions): Promise<void> {
    return removeImage(this.#engine, id, options)
  }

  attach(id: string, options: AttachOptions = {}): Promise<void> {
    return attach(this.#engine, id, options)
  }

  startAttached(id: string, options: AttachOptions = {}): Promise<number> {
    return this.#engine.keepOpen(() => startAttached(this.#engine, this.#kept, id, options))
  }

  resizeTTY(id: string, size: TerminalSize, { signal }: OperationOptions = {}): Promise<void> {
    return resizeTerminal(this.#engine, this.#kept, id, { ...size, signal })
  }

  getHostAddress(options?: HostAddressOptions): Promise<string | undefined> {
    return getHostAddress(this.#engine, options)
  }

  supportsHostNetwork(): boolean {
    return findRefusal('network.host', this.#engine.details.refuses) === undefined
  }

  getPortBindings(id: string, options?: OperationOptions): Promise<ReadonlyMap<number, number>> {
    return getPortBindings(this.#engine, id, options)
  }

  listContainers(options?: ListContainersOptions): Promise<readonly ContainerInfo[]> {
    return listContainers(this.#engine, options)
  }

  close(): Promise<void> {
    return this.#engine.close()
  }
}
