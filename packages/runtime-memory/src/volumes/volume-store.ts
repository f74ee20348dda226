import type { StringMap } from '@capstan/core/plugin'
import type { FileMap } from '../simulation/files/file-map.js'

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

/** The simulated volumes by name. */
export class VolumeStore {
  readonly #volumes = new Map<string, MemoryVolume>()

  list(): readonly MemoryVolume[] {
    return [...this.#volumes.values()]
  }

  find(name: string): MemoryVolume | undefined {
    return this.#volumes.get(name)
  }

  add(name: string, labels: StringMap, facts: Pick<MemoryVolume, 'createdAt' | 'createdFor'>): MemoryVolume {
    const volume = { name, labels, ...facts, files: new Map() }
    this.#volumes.set(name, volume)
    return volume
  }

  delete(name: string): void {
    this.#volumes.delete(name)
  }
}
