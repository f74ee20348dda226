import type { FirewallRules, TerminalSize } from '@capstan/core'

/** What was asked for of containers for when they start: kept by the runtime, since the engine does not keep it. */
export class KeptSettings {
  readonly #entries = new Map<string, KeptEntry>()

  /** Adds to what is kept of the container. `id` is the full one. */
  keep(id: string, name: string, settings: ContainerSettings): void {
    const entry = this.#entries.get(id)
    this.#entries.set(id, { ...entry, ...settings, name })
  }

  /** By full id, by a beginning of it, or by name, as engines take them. */
  find(idOrName: string): ContainerSettings | undefined {
    return this.#findEntry(idOrName)?.[1]
  }

  /** The terminal size is for the next start alone. */
  takeSize(idOrName: string): TerminalSize | undefined {
    const [id, entry] = this.#findEntry(idOrName) ?? []
    if (id === undefined || entry?.size === undefined) return undefined
    const { size, ...rest } = entry
    this.#entries.set(id, rest)
    return size
  }

  forget(idOrName: string): void {
    const [id] = this.#findEntry(idOrName) ?? []
    if (id !== undefined) this.#entries.delete(id)
  }

  #findEntry(idOrName: string): readonly [string, KeptEntry] | undefined {
    const exact = this.#entries.get(idOrName)
    if (exact !== undefined) return [idOrName, exact]
    const entries = [...this.#entries]
    return (
      entries.find(([, { name }]) => name === idOrName) ??
      (idOrName.length < 12 ? undefined : entries.find(([id]) => id.startsWith(idOrName)))
    )
  }
}

export interface ContainerSettings {
  readonly size?: TerminalSize
  readonly rules?: FirewallRules
}

type KeptEntry = ContainerSettings & { readonly name: string }
