import {
  type ContainerConfig,
  createHostError,
  MissingCapabilityError,
  type OperationOptions,
  refuseOptions,
  toFeatureSupport,
  volumeManagerCapability,
} from '@capstan/core'
import type { BuildRequest } from './build/build-request.js'
import { type BuildKitBuild, createBuild } from './build/buildkit-build.js'
import { runBuild } from './build/run-build.js'
import type { BuildKitManagers } from './buildkit-managers.js'
import type { BuildKitSidecar, BuildKitWorker, CacheRecord, PruneOptions } from './buildkit-sidecar.js'
import { listWorkers, prune, readDiskUsage } from './control.js'
import { type ExposedSocket, exposeSocket } from './expose-socket.js'
import type { Lease, LeaseEnd } from './lease.js'
import { socketAddress, socketDirectory } from './scripts.js'
import type { DaemonWatch } from './start/daemon-watch.js'
import type { BuildKitPrivilege } from './start/rungs.js'
import type { Settings } from './start/settings.js'
import { listVolumes, tolerateUse } from './start/shared-objects.js'
import type { Daemon } from './start/start-daemon.js'

/** The handle of a sidecar that is ready: one lease of it. */
export class RunningBuildKit implements BuildKitSidecar {
  readonly networkId: string
  readonly containerId: string
  readonly privilege: BuildKitPrivilege
  readonly #managers: BuildKitManagers
  readonly #parts: RunningParts
  readonly #sockets: Promise<ExposedSocket>[] = []
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined

  constructor(managers: BuildKitManagers, parts: RunningParts) {
    this.#managers = managers
    this.#parts = parts
    this.networkId = parts.networkId
    this.containerId = parts.daemon.id
    this.privilege = parts.daemon.privilege
  }

  connect(config: ContainerConfig): ContainerConfig {
    const { report, volumes } = this.#managers
    const { socketVolume: source } = this.#parts.settings
    const mount = { type: 'volume', source, target: socketDirectory } as const
    const connected = {
      ...config,
      mounts: [...(config.mounts ?? []), mount],
      env: { ...config.env, BUILDKIT_HOST: socketAddress },
    }
    refuseOptions(report.runtime, { image: config.image, mounts: [mount] }, report.available ? report.refuses : [])
    if (volumes === undefined) {
      const support = toFeatureSupport('BuildKit', { required: [volumeManagerCapability], optional: [] }, report)
      const missing = support.supported ? [] : support.missing
      throw new MissingCapabilityError({ feature: 'a shared BuildKit socket', runtime: report.runtime, missing })
    }
    return connected
  }

  build(request: BuildRequest, { signal }: OperationOptions = {}): BuildKitBuild {
    const { watch } = this.#parts
    const options = { id: this.containerId, watch, signals: [signal, this.#closing.signal] }
    return createBuild((onEvents) => runBuild(this.#managers, request, { ...options, onEvents }))
  }

  workers(options: OperationOptions = {}): Promise<readonly BuildKitWorker[]> {
    return listWorkers(this.#managers, this.containerId, options)
  }

  diskUsage(options: OperationOptions = {}): Promise<readonly CacheRecord[]> {
    return readDiskUsage(this.#managers, this.containerId, options)
  }

  prune(options: PruneOptions = {}): Promise<readonly CacheRecord[]> {
    return prune(this.#managers, this.containerId, options)
  }

  async exposeSocket(path?: string): Promise<string> {
    this.#closing.signal.throwIfAborted()
    const socket = exposeSocket(this.#managers, this.containerId, path)
    this.#sockets.push(socket)
    return (await socket).address
  }

  /** Idempotent. Ends what runs by this handle; the sidecar and what belongs to it go when nobody else uses them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    await this.#closed
  }

  async #close(): Promise<void> {
    const { lease, watch, settings } = this.#parts
    this.#closing.abort(createHostError('NOT_RUNNING', { id: this.containerId, state: 'stopping' }))
    await Promise.all(this.#sockets.map(closeSocket))
    const end = await lease.release()
    if (end !== 'shared')
      await removeAll(this.#managers, { id: this.containerId, settings, watch, networkId: this.networkId, end })
    await watch.stop()
  }
}

/** One that could not be made needs no closing. */
async function closeSocket(socket: Promise<ExposedSocket>): Promise<void> {
  const exposed = await socket.catch(() => undefined)
  await exposed?.close()
}

/** What a handle is made of. */
export interface RunningParts {
  readonly settings: Settings
  readonly daemon: Daemon
  readonly networkId: string
  readonly lease: Lease
  readonly watch: DaemonWatch
}

/**
 * The sidecar ends by itself; what was made with it goes, unless the next one has it already. What does not end is left
 * alone when nobody knows whether others use it.
 */
async function removeAll(managers: BuildKitManagers, { id, settings, watch, networkId, end }: Remains): Promise<void> {
  const { runtime, networks, volumes } = managers
  const hasEnded = await Promise.race([watch.ended.then(() => true), pause(endTimeoutMs).then(() => false)])
  if (!hasEnded && end === 'unknown') return
  await runtime.removeContainer(id)
  for (const name of listVolumes(managers, settings)) await tolerateUse(volumes?.removeVolume(name))
  await tolerateUse(networks.removeNetwork(networkId))
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}

interface Remains {
  readonly id: string
  readonly settings: Settings
  readonly watch: DaemonWatch
  readonly networkId: string
  readonly end: Exclude<LeaseEnd, 'shared'>
}

const endTimeoutMs = 10_000
