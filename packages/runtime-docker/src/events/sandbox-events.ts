import type { RuntimeEvent } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findRecordedReplacement, findSandboxOf, hasReplacementLabels } from '../engine/sandbox-labels.js'

/**
 * Hides the sandboxes of firewalled containers in the events: the events of a container that was created again in a sandbox
 * have its first id, and neither its replacement nor the sandbox is reported.
 */
export class SandboxEvents {
  readonly #engine: DockerEngine
  readonly #call: EngineCall
  /** The first ids of containers that were created again. */
  readonly #replaced = new Set<string>()
  /** The containers of sandboxes that this subscription has seen. */
  readonly #containers = new Map<string, string>()
  /** The ids of containers that inherited the labels from an image. */
  readonly #plain = new Set<string>()

  constructor(engine: DockerEngine, call: EngineCall) {
    this.#engine = engine
    this.#call = call
  }

  /** Whether the event can be about a sandbox or its container. Most are not, and need no `translate`. */
  mayChange(event: RuntimeEvent): boolean {
    if (this.#replaced.size > 0 || this.#containers.size > 0 || this.#engine.containers.hasSandboxed) return true
    if (event.kind !== 'container') return false
    return event.action === 'renamed' || hasReplacementLabels(event.labels) || findSandboxOf(event.labels) !== undefined
  }

  /** Returns the event to report; `undefined` if it is hidden. */
  async translate(event: RuntimeEvent): Promise<RuntimeEvent | undefined> {
    if (event.kind === 'network' && 'containerId' in event) {
      return { ...event, containerId: this.#containers.get(event.containerId) ?? event.containerId }
    }
    if (event.kind !== 'container') return event
    const { id, action, labels } = event
    const sandboxOf = findSandboxOf(labels)
    if (sandboxOf !== undefined) {
      this.#containers.set(id, sandboxOf)
      return undefined
    }
    const firstId = hasReplacementLabels(labels) ? await this.#findFirstId(id, labels) : undefined
    if (firstId === undefined) return this.#isReplaced(id, action) ? undefined : event
    this.#replaced.add(firstId)
    if (action === 'created') return undefined
    return { ...event, id: firstId }
  }

  /** Whether this is the container before it was created again: it is renamed first, and removed at the end. */
  #isReplaced(id: string, action: RuntimeEvent['action']): boolean {
    const { containers } = this.#engine
    if (action === 'renamed') return containers.isStarting(id)
    if (action !== 'removed') return false
    const replacement = containers.findSandboxed(id)
    return this.#replaced.has(id) || (replacement !== undefined && replacement.id !== id)
  }

  /** The first id of a container with the labels of one in a sandbox; `undefined` if it inherited them from an image. */
  async #findFirstId(id: string, labels: Readonly<Record<string, string>>): Promise<string | undefined> {
    const known = this.#engine.containers.findSandboxed(id)?.firstId
    if (known !== undefined || this.#plain.has(id)) return known
    const api = await this.#engine.api({ ...this.#call, subject: id })
    const inspected = await api
      .getContainer(id)
      .inspect()
      .catch(() => undefined) // it may have been removed
    if (inspected === undefined) return findRecordedReplacement(labels)
    const firstId = this.#engine.containers.findSandboxed(id)?.firstId
    if (firstId === undefined) this.#plain.add(id)
    return firstId
  }
}
