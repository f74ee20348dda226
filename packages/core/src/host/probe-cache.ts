import type { PluginEntry } from './plugin-entry.js'
import type { ProbedPlugin } from './probe-plugin.js'

/**
 * Stores the results of `discover` for one second, so that an `open` just after it does not probe again. Each is used
 * once. Unavailable runtimes are not stored, because the engine may be started in the meantime.
 */
export class ProbeCache {
  readonly #entries = new Map<PluginEntry, { readonly probed: ProbedPlugin; readonly at: number }>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Stores a probe result. A result without a runtime removes the stored one of the same plugin. */
  add(probed: ProbedPlugin): void {
    if (probed.found === undefined) this.#entries.delete(probed.entry)
    else this.#entries.set(probed.entry, { probed, at: this.#now() })
  }

  /** Removes the stored result of a plugin and returns it; `undefined` where there is none or it is older than a second. */
  take(entry: PluginEntry): ProbedPlugin | undefined {
    const stored = this.#entries.get(entry)
    this.#entries.delete(entry)
    return stored !== undefined && this.#now() - stored.at <= maxAgeMs ? stored.probed : undefined
  }
}

const maxAgeMs = 1000
