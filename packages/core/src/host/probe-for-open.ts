import type { ProbeOptions } from '../contract/probe.js'
import { startDeadline } from '../operation/signals/deadline.js'
import { linkSignals } from '../operation/signals/link-signals.js'
import type { PluginEntry } from './plugin-entry.js'
import { hasIsChosen, isChosen, type ProbedPlugin, toAbortedPlugin } from './probe-plugin.js'

/**
 * Probes plugins in parallel for `open`, and resolves when the plugin to open can be selected.
 *
 * When the first plugin in order that meets the requirements is known, the others get `othersMs` more to complete their
 * reports. A plugin whose endpoint the user named, or that has no `isChosen` to tell, always gets its full time, because no
 * other runtime may be opened if the named one is not available.
 */
export async function probeForOpen(
  entries: readonly PluginEntry[],
  probe: (entry: PluginEntry, signal: AbortSignal) => Promise<ProbedPlugin>,
  { env, meetsRequirements, othersMs, signal }: ProbeForOpenOptions,
): Promise<readonly ProbedPlugin[]> {
  const link = linkSignals([signal])
  const running = entries.map((entry) => ({ entry, probed: probe(entry, link.signal) }))
  for (const { probed } of running) probed.catch(() => {}) // prevents an unhandled rejection; all are awaited below
  try {
    const isSelected = await hasMatch(running, meetsRequirements)
    await Promise.all(running.map(({ entry, probed }) => (mayExcludeOthers(entry, env) ? probed : undefined)))
    const limit = isSelected ? startDeadline(othersMs, () => link.abort(notAwaited)) : undefined
    const all = running.map(({ entry, probed }) =>
      probed.catch((error: unknown) => {
        if (error !== notAwaited) throw error
        return toAbortedPlugin(entry)
      }),
    )
    return await Promise.all(all).finally(() => limit?.clear())
  } finally {
    link.unlink()
  }
}

/** Options of `probeForOpen`. */
export interface ProbeForOpenOptions {
  readonly env: ProbeOptions['env']
  /** Whether `open` can use a plugin with this result. */
  readonly meetsRequirements: (probed: ProbedPlugin) => boolean
  /** Milliseconds to wait for the other plugins when one meets the requirements. */
  readonly othersMs: number
  readonly signal: AbortSignal
}

interface Running {
  readonly entry: PluginEntry
  readonly probed: Promise<ProbedPlugin>
}

/** Whether a plugin meets the requirements. Waits in order, since a slow earlier plugin is preferred to a fast later one. */
async function hasMatch(
  running: readonly Running[],
  meetsRequirements: ProbeForOpenOptions['meetsRequirements'],
): Promise<boolean> {
  for (const { probed } of running) {
    if (meetsRequirements(await probed)) return true
  }
  return false
}

/** Whether a plugin may prevent that others are opened. Without `isChosen` only the result of its probe decides that. */
function mayExcludeOthers(entry: PluginEntry, env: ProbeOptions['env']): boolean {
  return !hasIsChosen(entry.plugin) || isChosen(entry, env)
}

const notAwaited = new Error('another runtime is opened')
