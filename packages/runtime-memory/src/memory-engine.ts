import { setImmediate } from 'node:timers/promises'
import type { RemoveOptions } from '@capstan/core'
import { delay } from '@capstan/core/plugin'
import { ContainerStore } from './containers/state/container-store.js'
import type { MemoryContainer } from './containers/state/memory-container.js'
import { ImageStore } from './images/state/image-store.js'
import { MemoryClock, toDate } from './memory-clock.js'
import { MemoryEventLog } from './memory-event-log.js'
import type { FaultList } from './memory-fault.js'
import { NetworkStore } from './networks/network-store.js'
import type { ImageContent, ImagePrograms } from './simulation/image-content.js'
import type { MemoryProgram } from './simulation/memory-program.js'
import { VolumeStore } from './volume-store.js'

/** Options of `MemoryEngine`. */
export type MemoryEngineOptions = Pick<MemoryEngine, 'faults' | 'commands' | 'registry' | 'hosts' | 'logLimitBytes'>

/** The state of one simulated engine. It belongs to the plugin: closing a runtime leaves it unchanged. */
export class MemoryEngine {
  readonly clock: MemoryClock
  readonly events: MemoryEventLog
  readonly images: ImageStore
  readonly containers: ContainerStore
  readonly networks: NetworkStore
  readonly volumes: VolumeStore
  readonly faults: FaultList
  /** The commands of the plugin by name. An executable file with that name runs the command. */
  readonly commands: ReadonlyMap<string, MemoryProgram>
  /** Images that can be pulled, by their short reference. A push adds one. */
  readonly registry: Map<string, ImageContent>
  /** The hosts of the registries that accept pushes. */
  readonly hosts: ReadonlySet<string>
  /** Programs by their key. Archives contain the key, because they cannot contain programs. */
  readonly programs: Map<string, ImagePrograms>
  /** The maximum size of a container's log. */
  readonly logLimitBytes: number
  readonly openRuntimes: Set<object>

  /** `manager`: the engine of the first node, for that of another node of its cluster. */
  constructor({ faults, commands, registry, hosts, logLimitBytes }: MemoryEngineOptions, manager?: MemoryEngine) {
    this.clock = manager?.clock ?? new MemoryClock()
    this.events = new MemoryEventLog(this.clock)
    this.images = manager?.images ?? new ImageStore(this.events)
    this.containers = new ContainerStore(this.events)
    this.networks = manager?.networks ?? new NetworkStore(this.events)
    this.volumes = new VolumeStore(this.events)
    this.programs = manager?.programs ?? new Map()
    this.openRuntimes = manager?.openRuntimes ?? new Set()
    this.faults = faults
    this.commands = commands
    this.registry = registry
    this.hosts = hosts
    this.logLimitBytes = logLimitBytes
  }

  /** Creates the engine of another node: it has containers and volumes of its own, and the same images and networks. */
  createNode(): MemoryEngine {
    return new MemoryEngine(this, this)
  }

  /** Removes a container that does not run, and its anonymous volumes unless `keepVolumes` is true. */
  forget(container: MemoryContainer, { keepVolumes = false }: Pick<RemoveOptions, 'keepVolumes'> = {}): void {
    this.containers.delete(container)
    const volumes = keepVolumes ? [] : container.anonymousVolumes
    const unused = volumes.filter((name) => this.containers.findUsersOfVolume(name).length === 0)
    for (const name of unused) this.volumes.delete(name)
  }

  now(): Date {
    return toDate(this.clock.now())
  }

  /** Resolves in a later turn of the event loop. While no runtime is open, the wait does not keep this process alive. */
  nextTurn(): Promise<void> {
    // An unreferenced immediate may wait until something else wakes the event loop. A timer does not.
    return this.openRuntimes.size > 0 ? setImmediate() : delay(1, { ref: false })
  }
}
