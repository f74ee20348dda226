import type { BuildKitWorker, BuildRecord, CacheRecord, PruneOptions } from '@capstan/buildkit-client'
import {
  type BuildKitBuild,
  type BuildProgressEvent,
  type BuildRequest,
  createBuild,
} from '@capstan/buildkit-client/request'
import type { ContainerConfig, OperationOptions } from '@capstan/core'
import { type Argv, createHostError } from '@capstan/core/plugin'
import { readEvents } from '../build/build-history.js'
import { buildInSidecar } from '../build/build-in-sidecar.js'
import type { BuildKitManagers } from '../buildkit-needs.js'
import type { BuildKitPrivilege } from '../buildkit-options.js'
import { runExec } from '../container/exec.js'
import type { ControlConnection } from '../control/control-connection.js'
import type { BuildKitSidecar, ConnectOptions } from './buildkit-sidecar.js'
import { connectBySocket, connectByTcp } from './connect-container.js'
import { type ExposedSocket, exposeSocket } from './expose-socket.js'
import { toPinCommand, toUnpinCommand } from './lease-scripts.js'
import type { PrivilegeLevelResult } from './privilege-selection.js'
import { type LeasedSidecar, releaseLease } from './release-lease.js'

/** A sidecar that is ready, with one lease. */
export class BuildKitSidecarHandle implements BuildKitSidecar {
  readonly networkId: string
  readonly containerId: string
  readonly privilege: BuildKitPrivilege
  readonly privilegeLevels: readonly PrivilegeLevelResult[]
  readonly #managers: BuildKitManagers
  readonly #sidecar: ReadySidecar
  readonly #sockets: Promise<ExposedSocket>[] = []
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined

  constructor(managers: BuildKitManagers, sidecar: ReadySidecar) {
    this.#managers = managers
    this.#sidecar = sidecar
    this.networkId = sidecar.instance.networkId
    this.containerId = sidecar.instance.id
    this.privilege = sidecar.instance.level.privilege
    this.privilegeLevels = sidecar.levels
  }

  connect(config: ContainerConfig, { by = 'socket' }: ConnectOptions = {}): ContainerConfig {
    const { instance, tcpAddress: address } = this.#sidecar
    if (by === 'socket') return connectBySocket(this.#managers, config, instance.resources.socketVolume)
    return connectByTcp(this.#managers, config, { networkId: this.networkId, address })
  }

  build(request: BuildRequest, { signal }: OperationOptions = {}): BuildKitBuild {
    const { control } = this.#sidecar
    const signals = [signal, this.#closing.signal]
    return createBuild((onEvents) => buildInSidecar(this.#managers, request, { control, signals, onEvents }))
  }

  async workers(options: OperationOptions = {}): Promise<readonly BuildKitWorker[]> {
    return (await this.#sidecar.control.connect(options)).workers(options)
  }

  async diskUsage(options: OperationOptions = {}): Promise<readonly CacheRecord[]> {
    return (await this.#sidecar.control.connect(options)).diskUsage(options)
  }

  async prune(options: PruneOptions = {}): Promise<readonly CacheRecord[]> {
    return (await this.#sidecar.control.connect(options)).prune(options)
  }

  async builds(options: OperationOptions = {}): Promise<readonly BuildRecord[]> {
    return (await this.#sidecar.control.connect(options)).builds(options)
  }

  async *buildEvents(ref: string, options: OperationOptions = {}): AsyncIterable<BuildProgressEvent> {
    yield* readEvents(await this.#sidecar.control.connect(options), ref, options)
  }

  async removeBuild(ref: string, options: OperationOptions = {}): Promise<void> {
    await (await this.#sidecar.control.connect(options)).removeBuild(ref, options)
  }

  async exposeSocket(path?: string): Promise<string> {
    this.#closing.signal.throwIfAborted()
    const socket = exposeSocket(this.#managers, this.containerId, path)
    this.#sockets.push(socket)
    return (await socket).address
  }

  async pin(options: OperationOptions = {}): Promise<void> {
    await this.#runScript('pin', toPinCommand(), options)
  }

  async unpin(options: OperationOptions = {}): Promise<void> {
    await this.#runScript('unpin', toUnpinCommand(), options)
  }

  /** Ends running builds and calls, and releases the lease. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    await this.#closed
  }

  async #runScript(operation: string, command: Argv, { signal }: OperationOptions): Promise<void> {
    const { exitCode, stderr } = await runExec(this.#managers.execs, this.containerId, { command, signal })
    if (exitCode === 0) return
    const subject = `container "${this.containerId}"`
    const reason = stderr.trim() || `exit code ${exitCode}`
    throw createHostError('OPERATION_FAILED', { operation, subject, status: exitCode, reason })
  }

  async #close(): Promise<void> {
    this.#closing.abort(createHostError('NOT_RUNNING', { id: this.containerId, state: 'stopping' }))
    try {
      await Promise.all([this.#sidecar.control.close(), ...this.#sockets.map(closeIfExposed)])
    } finally {
      await releaseLease(this.#managers, this.#sidecar).finally(() => this.#sidecar.watch.stop())
    }
  }
}

/** Does nothing for a socket that could not be created. */
async function closeIfExposed(socket: Promise<ExposedSocket>): Promise<void> {
  await (await socket.catch(() => undefined))?.close()
}

/** A leased sidecar whose BuildKit has answered. */
export interface ReadySidecar extends LeasedSidecar {
  readonly tcpAddress: string | undefined
  readonly control: ControlConnection
  readonly levels: readonly PrivilegeLevelResult[]
}
