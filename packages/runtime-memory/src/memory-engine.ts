import { setImmediate } from 'node:timers/promises'
import { delay } from '@capstan/core/plugin'
import { ContainerStore } from './containers/state/container-store.js'
import { ImageStore } from './images/state/image-store.js'
import { MemoryClock, toDate } from './memory-clock.js'
import type { FaultScript } from './memory-fault.js'
import { NetworkStore } from './networks/network-store.js'
import type { ImageContent, ImagePrograms } from './simulation/image-content.js'
import type { MemoryProgram } from './simulation/memory-program.js'
import { VolumeStore } from './volumes/volume-store.js'

/** What a simulation has from its start, and for good. */
export interface MemoryEngineOptions {
  readonly faults: FaultScript
  /** Run wherever a file of their name is. */
  readonly commands: ReadonlyMap<string, MemoryProgram>
  /** Familiar reference → what a pull of it gives. */
  readonly registry: ReadonlyMap<string, ImageContent>
  /** What a container's log holds at most. */
  readonly logLimitBytes: number
}

/**
 * The state of one simulation: what a real engine would keep while its clients come and go.
 *
 * It belongs to the plugin: closing a runtime leaves it as it is, and opening the plugin again finds it so.
 */
export class MemoryEngine {
  readonly clock: MemoryClock = new MemoryClock()
  readonly images: ImageStore = new ImageStore()
  readonly containers: ContainerStore = new ContainerStore()
  readonly networks: NetworkStore = new NetworkStore()
  readonly volumes: VolumeStore = new VolumeStore()
  readonly faults: FaultScript
  readonly commands: ReadonlyMap<string, MemoryProgram>
  readonly registry: ReadonlyMap<string, ImageContent>
  /** By their key, for archives, which cannot hold them. */
  readonly programs: Map<string, ImagePrograms> = new Map()
  readonly logLimitBytes: number
  /** The runtimes that are open on it. */
  readonly connections: Set<object> = new Set()

  constructor({ faults, commands, registry, logLimitBytes }: MemoryEngineOptions) {
    this.faults = faults
    this.commands = commands
    this.registry = registry
    this.logLimitBytes = logLimitBytes
  }

  now(): Date {
    return toDate(this.clock.now())
  }

  /** What runs in containers holds up the process's exit only while a runtime is open. */
  nextTurn(): Promise<void> {
    // An immediate that is not referenced need not run before something else wakes the loop: a timer does.
    return this.connections.size > 0 ? setImmediate() : delay(1, { ref: false })
  }
}
