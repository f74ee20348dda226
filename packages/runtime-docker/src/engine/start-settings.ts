import type { FirewallRules, TerminalSize } from '@capstan/core'
import type { InspectedAttachment } from '../docker-api.js'

/**
 * What was asked for of containers for when they start: kept by the runtime, since the engine does not keep it.
 *
 * By full id: a name may be another container's by then.
 */
export class KeptSettings {
  readonly #entries = new Map<string, KeptEntry>()

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  /** Adds to what is kept of the container. */
  keep(id: string, name: string, settings: ContainerSettings): void {
    const entry = this.#entries.get(id)
    this.#entries.set(id, { ...entry, ...settings, name })
  }

  find(id: string): ContainerSettings | undefined {
    return this.#entries.get(id)
  }

  /** The terminal size is for the next start alone. */
  takeSize(id: string): TerminalSize | undefined {
    const entry = this.#entries.get(id)
    if (entry?.size === undefined) return undefined
    const { size, ...rest } = entry
    this.#entries.set(id, rest)
    return size
  }

  /** Of a container that is gone: by full id, by a beginning of it, or by name, as engines take them. */
  forget(idOrName: string): void {
    for (const [id, { name }] of this.#entries) {
      const isMeant = name === idOrName || (idOrName.length >= 12 && id.startsWith(idOrName))
      if (isMeant) this.#entries.delete(id)
    }
  }
}

export interface ContainerSettings {
  readonly size?: TerminalSize
  readonly rules?: FirewallRules
  /** The networks that the container is disconnected from until its rules are set. */
  readonly networks?: Readonly<Record<string, InspectedAttachment>>
}

type KeptEntry = ContainerSettings & { readonly name: string }
