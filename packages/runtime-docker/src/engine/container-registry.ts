import type { OperationOptions } from '@capstan/core'
import { delay, type StringMap, untilAborted } from '@capstan/core/plugin'
import type { CreateRequest, InspectedContainer, ListedContainer } from './docker-api.js'
import { findReplacementLabels, hasReplacementLabels } from './sandbox-labels.js'
import { isIdOf, StartSettings } from './start-settings.js'

/**
 * The state of the engine's containers in this process: settings, ids, starts and waits.
 *
 * A container that starts under firewall rules is created again in the network namespace of a sandbox, under another id
 * (docs/firewall.md). Callers keep using the id that `createContainer` returned, the first id. Requests are sent with
 * the engine's id, and answers have the first id.
 */
export class ContainerRegistry {
  readonly settings: StartSettings = new StartSettings()
  readonly #created = new Map<string, CreatedContainer>()
  readonly #sandboxed = new Map<string, SandboxedContainer>()
  readonly #removed = new Map<string, string>()
  readonly #starts = new Map<string, Promise<void>>()
  readonly #waits = new Map<string, Set<Promise<void>>>()

  /** Stores how a container was created, until it is started. */
  addCreated(id: string, container: CreatedContainer): void {
    this.#created.set(id, container)
  }

  findCreated(id: string): CreateRequest | undefined {
    return this.#created.get(id)?.request
  }

  /** Changes the stored create request of a container that was not started yet. Does nothing for any other container. */
  updateCreated(id: string, update: (request: CreateRequest) => CreateRequest): void {
    const created = this.#created.get(id)
    if (created !== undefined) this.#created.set(id, { ...created, request: update(created.request) })
  }

  /** Removes the stored create request of a container, by its id, a prefix of the id, or its name. */
  forgetCreated(idOrName: string): void {
    for (const [id, { name }] of this.#created) {
      if (name === idOrName || isIdOf(idOrName, id)) this.#created.delete(id)
    }
  }

  /** Stores the new name of a container. */
  rename(id: string, name: string): void {
    this.settings.rename(id, name)
    const created = this.#created.get(id)
    if (created !== undefined) this.#created.set(id, { ...created, name })
  }

  /** Changes settings in the stored create request of a container. */
  changeHostConfig(id: string, changes: object): void {
    const created = this.#created.get(id)
    if (created === undefined) return
    const { body } = created.request
    const changed = { ...body, HostConfig: { ...body.HostConfig, ...changes } }
    this.#created.set(id, { ...created, request: { ...created.request, body: changed } })
  }

  addSandboxed(firstId: string, container: SandboxedContainer): void {
    this.#sandboxed.set(firstId, container)
  }

  get hasSandboxed(): boolean {
    return this.#sandboxed.size > 0
  }

  /** Finds a container in a sandbox by its first id, by at least 12 of its first digits, or by the engine's id. */
  findSandboxed(id: string): (SandboxedContainer & { readonly firstId: string }) | undefined {
    for (const [firstId, container] of this.#sandboxed) {
      if (container.id === id || isIdOf(id, firstId)) return { ...container, firstId }
    }
    return undefined
  }

  forgetSandboxed(firstId: string): void {
    this.#sandboxed.delete(firstId)
  }

  /** Removes the entry. Keeps the engine ids of the last 256 removed containers, since late events have these ids. */
  moveToRemoved(firstId: string): void {
    const container = this.#sandboxed.get(firstId)
    this.#sandboxed.delete(firstId)
    if (container === undefined) return
    this.#removed.set(firstId, container.id)
    const [oldest] = this.#removed.keys()
    if (this.#removed.size > mostRemoved && oldest !== undefined) this.#removed.delete(oldest)
  }

  /** The engine's id of a container, also of one of the last 256 removed containers. */
  toEngineId(id: string): string {
    return this.findSandboxed(id)?.id ?? this.#removed.get(id) ?? id
  }

  /**
   * Waits until no other start of the container is in progress. Resolves with the function that ends this one. Aborted:
   * rejects with the reason.
   */
  async lockStart(firstId: string, { signal }: OperationOptions = {}): Promise<() => void> {
    const before = this.#starts.get(firstId) ?? Promise.resolve()
    let release: () => void = () => {}
    const own = before.then(() => new Promise<void>((resolve) => (release = resolve)))
    this.#starts.set(firstId, own)
    const unlock = () => {
      release()
      if (this.#starts.get(firstId) === own) this.#starts.delete(firstId)
    }
    try {
      await untilAborted(before, signal)
      return unlock
    } catch (error) {
      before.then(unlock)
      throw error
    }
  }

  isStarting(firstId: string): boolean {
    return this.#starts.has(firstId)
  }

  /**
   * Registers a wait for a container that was not started yet. Returns the function to call when the wait has ended, or
   * waits for the container that has replaced it.
   */
  addWait(firstId: string): () => void {
    let release: () => void = () => {}
    const wait = new Promise<void>((resolve) => (release = resolve))
    const waits = this.#waits.get(firstId) ?? new Set()
    this.#waits.set(firstId, waits.add(wait))
    return () => {
      release()
      waits.delete(wait)
      if (waits.size === 0 && this.#waits.get(firstId) === waits) this.#waits.delete(firstId)
    }
  }

  /** Resolves when all registered waits are for the new container, so that none misses its start, or after the limit. */
  async untilWaitsMoved(firstId: string, limitMs: number): Promise<void> {
    const waits = this.#waits.get(firstId)
    if (waits === undefined) return
    const moved = new AbortController()
    const limit = delay(limitMs, { signal: moved.signal }).catch(() => {})
    await Promise.race([Promise.all(waits), limit])
    moved.abort()
  }

  /** The path of a request, with the engine's id in place of a first id. */
  toEnginePath(path: string): string {
    const [, id, rest = ''] = /^\/containers\/([0-9a-f]{12,64})(\/.*)?$/.exec(path) ?? []
    const engineId = id === undefined ? undefined : this.findSandboxed(id)?.id
    return engineId === undefined ? path : `/containers/${engineId}${rest}`
  }

  /** Replaces the engine's id with the first id, and records the container if its labels show that it is in a sandbox. */
  recordInspected<T extends InspectedContainer>(container: T): T {
    const { Id, Config, HostConfig } = container
    return { ...container, Id: this.#addByLabels(Id, Config?.Labels, HostConfig?.NetworkMode) }
  }

  /** Does the same for an entry of a list. */
  recordListed(container: ListedContainer): ListedContainer {
    const { Id, Labels, HostConfig } = container
    const firstId = this.findSandboxed(Id)?.firstId
    return { ...container, Id: firstId ?? this.#addByLabels(Id, Labels, HostConfig?.NetworkMode) }
  }

  /** Whether an entry of a list has the labels of a container in a sandbox, and no network mode to confirm them. */
  isUncertain({ Id, Labels, HostConfig }: ListedContainer): boolean {
    return HostConfig?.NetworkMode === undefined && hasReplacementLabels(Labels) && this.findSandboxed(Id) === undefined
  }

  #addByLabels(id: string, labels: StringMap | null | undefined, networkMode: string | undefined): string {
    const found = findReplacementLabels(labels, networkMode)
    if (found === undefined) return id
    this.#sandboxed.set(found.firstId, { id, sandboxId: found.sandboxId })
    return found.firstId
  }
}

/** A container that was not started yet. */
export interface CreatedContainer {
  /** The requested name. */
  readonly name: string | undefined
  readonly request: CreateRequest
}

/** A container in the network namespace of a sandbox. */
export interface SandboxedContainer {
  /** The engine's id of the container. */
  readonly id: string
  readonly sandboxId: string
}

const mostRemoved = 256
