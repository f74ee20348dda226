import { type OperationOptions, type StringMap, untilAborted } from '@capstan/core'
import type { CreateRequest } from '../container/create-body.js'
import type { InspectedContainer, ListedContainer } from '../docker-api.js'
import { findSandboxLabels, hasSandboxLabels } from './sandbox-labels.js'

/**
 * What this process knows about the engine's containers: how those that were not started yet were created, and which
 * container has replaced which.
 *
 * A container that starts under firewall rules is created anew in the network namespace of a sandbox. Its callers go on
 * using the id that `createContainer` gave them, the first id: requests are sent with the engine's id, and answers are
 * given with the first.
 */
export class KnownContainers {
  readonly #requests = new Map<string, CreateRequest>()
  readonly #sandboxed = new Map<string, SandboxedContainer>()
  readonly #gone = new Map<string, string>()
  readonly #starts = new Map<string, Promise<void>>()
  readonly #followers = new Map<string, Set<Promise<void>>>()

  /** Keeps how a container was created, as long as it was not started. */
  addCreated(id: string, request: CreateRequest): void {
    this.#requests.set(id, request)
  }

  findCreated(id: string): CreateRequest | undefined {
    return this.#requests.get(id)
  }

  forgetCreated(id: string): void {
    this.#requests.delete(id)
  }

  addSandboxed(firstId: string, container: SandboxedContainer): void {
    this.#sandboxed.set(firstId, container)
  }

  /** By the first id, by 12 and more of its first digits, or by the engine's id. */
  findSandboxed(id: string): (SandboxedContainer & { readonly firstId: string }) | undefined {
    for (const [firstId, container] of this.#sandboxed) {
      const isMeant = firstId === id || container.id === id || (id.length >= 12 && firstId.startsWith(id))
      if (isMeant) return { ...container, firstId }
    }
    return undefined
  }

  forgetSandboxed(firstId: string): void {
    this.#sandboxed.delete(firstId)
  }

  /** Forgets a container that is gone, but keeps its engine id, by which the engine's events name it. */
  endSandboxed(firstId: string): void {
    const container = this.#sandboxed.get(firstId)
    if (container !== undefined) this.#gone.set(firstId, container.id)
    this.#sandboxed.delete(firstId)
  }

  /** The engine's id of a container, also of one that is gone. */
  toEngineId(id: string): string {
    return this.findSandboxed(id)?.id ?? this.#gone.get(id) ?? id
  }

  /**
   * Waits until no other start of the container is under way, and resolves with the function that ends this one. Aborted:
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
      await (signal === undefined ? before : untilAborted(before, signal))
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
   * waits for the container's successor.
   */
  follow(firstId: string): () => void {
    let release: () => void = () => {}
    const follower = new Promise<void>((resolve) => {
      release = resolve
    })
    const followers = this.#followers.get(firstId) ?? new Set()
    this.#followers.set(firstId, followers.add(follower))
    return () => {
      release()
      followers.delete(follower)
      if (followers.size === 0 && this.#followers.get(firstId) === followers) this.#followers.delete(firstId)
    }
  }

  /** Resolves when all registered waits are for the successor, so that none misses its start, or after the limit. */
  async untilFollowed(firstId: string, limitMs: number): Promise<void> {
    const followers = this.#followers.get(firstId)
    if (followers === undefined) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs)
    })
    await Promise.race([Promise.all(followers), limit])
    clearTimeout(timer)
  }

  /** The path of a request, with the engine's id in place of a first id. */
  toEnginePath(path: string): string {
    const [, id, rest = ''] = /^\/containers\/([0-9a-f]{12,64})(\/.*)?$/.exec(path) ?? []
    const engineId = id === undefined ? undefined : this.findSandboxed(id)?.id
    return engineId === undefined ? path : `/containers/${engineId}${rest}`
  }

  /** An inspection with the first id in place of the engine's. */
  toSeen<T extends InspectedContainer>(container: T): T {
    return { ...container, Id: this.#learn(container.Id, container.Config?.Labels, container.HostConfig?.NetworkMode) }
  }

  /** An entry of the engine's list with the first id in place of the engine's. */
  toListed(container: ListedContainer): ListedContainer {
    const { Id, Labels, HostConfig } = container
    const known = this.findSandboxed(Id)?.firstId
    return { ...container, Id: known ?? this.#learn(Id, Labels, HostConfig?.NetworkMode) }
  }

  /** Whether an entry of a list has the labels of a container in a sandbox, but no network mode: inspect it to find out. */
  isUncertain({ Id, Labels, HostConfig }: ListedContainer): boolean {
    return HostConfig?.NetworkMode === undefined && hasSandboxLabels(Labels) && this.findSandboxed(Id) === undefined
  }

  #learn(id: string, labels: StringMap | null | undefined, networkMode: string | undefined): string {
    const found = findSandboxLabels(labels, networkMode)
    if (found === undefined) return id
    this.#sandboxed.set(found.firstId, { id, sandboxId: found.sandboxId })
    return found.firstId
  }
}

/** A container in the network namespace of a sandbox. */
export interface SandboxedContainer {
  /** The engine's id of the container. */
  readonly id: string
  readonly sandboxId: string
}
