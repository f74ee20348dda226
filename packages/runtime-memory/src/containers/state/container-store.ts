import { createHostError } from '@capstan/core/plugin'
import type { MemoryEventLog, NewEvent } from '../../memory-event-log.js'
import type { MemoryContainer } from './memory-container.js'

/** The action of an event of a container, with its exit code or health. */
type ContainerAction =
  Extract<NewEvent, { kind: 'container' }> extends infer E
    ? E extends unknown
      ? Omit<E, 'kind' | 'id' | 'name' | 'image' | 'labels'>
      : never
    : never

/** The simulated containers. Each name is unique. */
export class ContainerStore {
  readonly #events: MemoryEventLog
  readonly #containers = new Map<string, MemoryContainer>()

  constructor(events: MemoryEventLog) {
    this.#events = events
  }

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
    const users = this.list().filter(
      ({ config, anonymousVolumes }) =>
        anonymousVolumes.includes(name) ||
        config.mounts?.some((mount) => mount.type === 'volume' && mount.source === name),
    )
    return users.map((container) => container.name)
  }

  add(container: MemoryContainer): void {
    this.#containers.set(container.id, container)
    this.emit(container, { action: 'created' })
  }

  /** Removes the container and ends the waits for its next start. */
  delete(container: MemoryContainer): void {
    const isRemoved = this.#containers.delete(container.id)
    container.lifecycle.beginRemoval()
    if (isRemoved) this.emit(container, { action: 'removed' })
  }

  /** Emits an event of a container. */
  emit({ id, name, config: { image }, labels }: MemoryContainer, action: ContainerAction): void {
    this.#events.emit({ kind: 'container', id, name, image, labels, ...action })
  }
}
