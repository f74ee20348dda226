import type { PluginEntry } from './plugin-entry.js'
import type { ProbedPlugin } from './probe-plugin.js'

/**
 * The runtimes that `discover` found lately, each for one `open`: a program that looks first need not probe twice.
 *
 * What was not available is never kept: the next to ask may have started it.
 */
export class RecentFinds {
  readonly #finds = new Map<PluginEntry, { readonly probed: ProbedPlugin; readonly at: number }>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Takes note of what a probe found at this moment. */
  keep(probed: ProbedPlugin): void {
    if (probed.found === undefined) this.#finds.delete(probed.entry)
    else this.#finds.set(probed.entry, { probed, at: this.#now() })
  }

  /** What was found of this plugin at most a second ago, the first time that it is asked for. */
  take(entry: PluginEntry): ProbedPlugin | undefined {
    const find = this.#finds.get(entry)
    this.#finds.delete(entry)
    return find !== undefined && this.#now() - find.at <= maxAgeMs ? find.probed : undefined
  }
}

const maxAgeMs = 1000
