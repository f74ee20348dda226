import type { FirewallRules, TerminalSize } from '@capstan/core'
import type { InspectedAttachment } from './docker-api.js'

/**
 * What this process applies at the starts of containers, since the engine does not store it: firewall rules (every
 * start), the terminal size and networks to reconnect (the next start). The key is the full id, since a name can be
 * reused.
 */
export class StartSettings {
  readonly #entries = new Map<string, Entry>()

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  /** Adds to the settings of a container. */
  add(id: string, name: string, settings: ContainerSettings): void {
    this.#entries.set(id, { ...this.#entries.get(id), ...settings, name })
  }

  /** Stores the new name of a container. */
  rename(id: string, name: string): void {
    const entry = this.#entries.get(id)
    if (entry !== undefined) this.#entries.set(id, { ...entry, name })
  }

  find(id: string): ContainerSettings | undefined {
    return this.#entries.get(id)
  }

  /** Returns and removes one setting, which applies to one start only. */
  take<K extends keyof ContainerSettings>(id: string, key: K): ContainerSettings[K] | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    const { [key]: setting, ...rest } = entry
    this.#entries.set(id, { ...rest, name: entry.name })
    return setting
  }

  /** Removes the settings of a removed container, by its full id, a prefix of the id, or its name. */
  forget(idOrName: string): void {
    for (const [id, { name }] of this.#entries) {
      if (name === idOrName || isIdOf(idOrName, id)) this.#entries.delete(id)
    }
  }
}

export interface ContainerSettings {
  readonly size?: TerminalSize
  readonly rules?: FirewallRules
  /** The networks to reconnect the container to after it is sealed. */
  readonly networks?: Readonly<Record<string, InspectedAttachment>>
}

type Entry = ContainerSettings & { readonly name: string }

/** Whether a text is the id, or a prefix of it of at least 12 digits. */
export function isIdOf(text: string, id: string): boolean {
  return text === id || (text.length >= 12 && id.startsWith(text))
}
