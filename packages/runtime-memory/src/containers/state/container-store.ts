import { createHostError } from '@capstan/core/plugin'
import type { NetworkNamespace } from '../../networks/network-namespace.js'
import { getCurrentRun, type MemoryContainer } from './memory-container.js'

/** The simulated containers. Each name is unique. */
export class ContainerStore {
  readonly #containers = new Map<string, MemoryContainer>()

  list(): readonly MemoryContainer[] {
    return [...this.#containers.values()]
  }

  /** Finds a container by id, name, or a unique prefix of its id. */
  find(idOrName: string): MemoryContainer | undefined {
    const exact = this.#containers.get(idOrName) ?? this.findName(idOrName)
    if (exact !== undefined) return exact
    const [first, ...others] = this.list().filter(({ id }) => id.startsWith(idOrName))
    return others.length === 0 ? first : undefined
  }

  findName(name: string): MemoryContainer | undefined {
    return this.list().find((container) => container.name === name)
  }

  /** @throws HostError CONTAINER_NOT_FOUND */
  require(idOrName: string): MemoryContainer {
    const container = this.find(idOrName)
    if (container === undefined) throw createHostError('CONTAINER_NOT_FOUND', { id: idOrName })
    return container
  }

  /** Returns the names of the containers that mount a volume, running or not. */
  findUsersOfVolume(name: string): readonly string[] {
    const users = this.list().filter(({ config }) =>
      config.mounts?.some((mount) => mount.type === 'volume' && mount.source === name),
    )
    return users.map((container) => container.name)
  }

  add(container: MemoryContainer): void {
    this.#containers.set(container.id, container)
  }

  /** Removes the container and ends the waits for its next start. */
  delete({ id, lifecycle }: MemoryContainer): void {
    this.#containers.delete(id)
    lifecycle.beginRemoval()
  }

  /** Finds the network namespace of a container; `undefined` unless it is running. */
  findNamespace(id: string): NetworkNamespace | undefined {
    const container = this.find(id)
    return container && getCurrentRun(container)?.network.networking.namespace
  }
}
