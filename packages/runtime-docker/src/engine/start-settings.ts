import type { FirewallRules, TerminalSize } from '@capstan/core'
import type { InspectedAttachment } from './docker-api.js'

/**
 * Settings for the next start of each container. The engine does not store them. The key is the full id, since a name can
 * change its container.
 */
export class StartSettings {
  readonly #entries = new Map<string, Entry>()

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  /** Adds to the settings of a container. */
  keep(id: string, name: string, settings: ContainerSettings): void {
    this.#entries.set(id, { ...this.#entries.get(id), ...settings, name })
  }

  find(id: string): ContainerSettings | undefined {
    return this.#entries.get(id)
  }

  /** Returns the size of the terminal, which applies to one start only, and forgets it. */
  takeSize(id: string): TerminalSize | undefined {
    const { size, ...rest } = this.#entries.get(id) ?? { name: '' }
    if (size !== undefined) this.#entries.set(id, rest)
    return size
  }

  /** Forgets the networks of a container that is connected to them again. */
  clearNetworks(id: string): void {
    const { networks, ...rest } = this.#entries.get(id) ?? { name: '' }
    if (networks !== undefined) this.#entries.set(id, rest)
  }

  /** Forgets a container that was removed, by its full id, the beginning of that, or its name. */
  forget(idOrName: string): void {
    for (const [id, { name }] of this.#entries) {
      if (name === idOrName || isIdOf(idOrName, id)) this.#entries.delete(id)
    }
  }
}

export interface ContainerSettings {
  readonly size?: TerminalSize
  readonly rules?: FirewallRules
  /** The networks that the container is disconnected from until its rules are set. */
  readonly networks?: Readonly<Record<string, InspectedAttachment>>
}

type Entry = ContainerSettings & { readonly name: string }

/** Whether a text is an id, or at least 12 of its first digits. */
export function isIdOf(text: string, id: string): boolean {
  return text === id || (text.length >= 12 && id.startsWith(text))
}
