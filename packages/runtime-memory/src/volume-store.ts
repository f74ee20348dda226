import type { StringMap } from '@capstan/core/plugin'
import type { MemoryEventLog } from './memory-event-log.js'
import type { FileMap } from './simulation/files/file-map.js'

/** One simulated volume. */
export interface MemoryVolume {
  readonly name: string
  readonly labels: StringMap
  readonly createdAt: Date
  /** The id of the container whose creation created the volume; `undefined` after `createVolume`. */
  readonly createdFor?: string
  /** Files by their paths from the root of the volume. */
  readonly files: FileMap
}

/** The simulated volumes. Each name is unique. */
export class VolumeStore {
  readonly #events: MemoryEventLog
  readonly #volumes = new Map<string, MemoryVolume>()

  constructor(events: MemoryEventLog) {
    this.#events = events
  }

  list(): readonly MemoryVolume[] {
    return [...this.#volumes.values()]
  }

  find(name: string): MemoryVolume | undefined {
    return this.#volumes.get(name)
  }

  add(volume: MemoryVolume): MemoryVolume {
    const { name } = volume
    this.#volumes.set(name, volume)
    this.#events.emit({ kind: 'volume', action: 'created', name })
    return volume
  }

  delete(name: string): void {
    if (this.#volumes.delete(name)) this.#events.emit({ kind: 'volume', action: 'removed', name })
  }
}
