import { type Argv, type ContainerConfig, createHostError, type OperationOptions } from '@capstan/core'
import type { BuildRequest } from './build/build-request.js'
import { type BuildKitBuild, createBuild } from './build/buildkit-build.js'
import { runBuild } from './build/run-build.js'
import type { BuildKitManagers } from './buildkit-managers.js'
import type { BuildKitSidecar, BuildKitWorker, CacheRecord, ConnectOptions, PruneOptions } from './buildkit-sidecar.js'
import { connectBySocket } from './connect/connect-by-socket.js'
import { connectByTcp } from './connect/connect-by-tcp.js'
import type { ControlConnection } from './control/control-connection.js'
import { type ExposedSocket, exposeSocket } from './expose-socket.js'
import { giveBack, type Holding } from './give-back.js'
import { runExec } from './run-exec.js'
import { toKeepCommand, toLetGoCommand } from './scripts.js'
import type { RungVerdict } from './start/ladder.js'
import type { BuildKitPrivilege } from './start/rungs.js'

/** The handle of a sidecar that is ready: one lease of it. */
export class RunningBuildKit implements BuildKitSidecar {
  readonly networkId: string
  readonly containerId: string
  readonly privilege: BuildKitPrivilege
  readonly rungs: readonly RungVerdict[]
  readonly #managers: BuildKitManagers
  readonly #parts: RunningParts
  readonly #sockets: Promise<ExposedSocket>[] = []
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined

  constructor(managers: BuildKitManagers, parts: RunningParts) {
    this.#managers = managers
    this.#parts = parts
    this.networkId = parts.daemon.networkId
    this.containerId = parts.daemon.id
    this.privilege = parts.daemon.rung.privilege
    this.rungs = parts.rungs
  }

  connect(config: ContainerConfig, { by = 'socket' }: ConnectOptions = {}): ContainerConfig {
    const { daemon, tcpAddress: address } = this.#parts
    if (by === 'socket') return connectBySocket(this.#managers, config, daemon.belongings.socketVolume)
    return connectByTcp(this.#managers, config, { networkId: this.networkId, address })
  }

  build(request: BuildRequest, { signal }: OperationOptions = {}): BuildKitBuild {
    const { watch, daemon } = this.#parts
    const { stateDirectory } = daemon.rung.layout
    const options = { id: this.containerId, stateDirectory, watch, signals: [signal, this.#closing.signal] }
    return createBuild((onEvents) => runBuild(this.#managers, request, { ...options, onEvents }))
  }

  async workers(options: OperationOptions = {}): Promise<readonly BuildKitWorker[]> {
    return (await this.#parts.control.connect(options)).workers(options)
  }

  async diskUsage(options: OperationOptions = {}): Promise<readonly CacheRecord[]> {
    return (await this.#parts.control.connect(options)).diskUsage(options)
  }

  async prune(options: PruneOptions = {}): Promise<readonly CacheRecord[]> {
    return (await this.#parts.control.connect(options)).prune(options)
  }

  async exposeSocket(path?: string): Promise<string> {
    this.#closing.signal.throwIfAborted()
    const socket = exposeSocket(this.#managers, this.containerId, path)
    this.#sockets.push(socket)
    return (await socket).address
  }

  async keep(options: OperationOptions = {}): Promise<void> {
    await this.#runScript('keep', toKeepCommand(), options)
  }

  async letGo(options: OperationOptions = {}): Promise<void> {
    await this.#runScript('letGo', toLetGoCommand(), options)
  }

  /** Idempotent. Ends what runs by this handle; the sidecar and what belongs to it go when nobody else uses them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    await this.#closed
  }

  async #runScript(operation: string, command: Argv, { signal }: OperationOptions): Promise<void> {
    const { exitCode, stderr } = await runExec(this.#managers.execs, this.containerId, { command, signal })
    if (exitCode === 0) return
    const subject = `container "${this.containerId}"`
    throw createHostError('OPERATION_FAILED', { operation, subject, status: exitCode, reason: stderr.trim() })
  }

  async #close(): Promise<void> {
    this.#closing.abort(createHostError('NOT_RUNNING', { id: this.containerId, state: 'stopping' }))
    try {
      await Promise.all([this.#parts.control.close(), ...this.#sockets.map(closeSocket)])
    } finally {
      await giveBack(this.#managers, this.#parts).finally(() => this.#parts.watch.stop())
    }
  }
}

/** One that could not be made needs no closing. */
async function closeSocket(socket: Promise<ExposedSocket>): Promise<void> {
  const exposed = await socket.catch(() => undefined)
  await exposed?.close()
}

/** What a handle is made of. */
export interface RunningParts extends Holding {
  readonly tcpAddress: string | undefined
  readonly control: ControlConnection
  readonly rungs: readonly RungVerdict[]
}
