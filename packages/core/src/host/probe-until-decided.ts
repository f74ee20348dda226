import type { ProbeOptions } from '../contract/probe.js'
import { startDeadline } from '../operation/signals/deadline.js'
import { linkSignals } from '../operation/signals/link-signals.js'
import type { PluginEntry } from './plugin-entry.js'
import { hasChosen, isChosen, type ProbedPlugin, toUnawaited } from './probe-plugin.js'

/**
 * Probes plugins in parallel for `open`, and resolves when the plugin to open can be selected.
 *
 * When the first plugin in order that `fits` is known, the others get `othersMs` more to complete their reports. A plugin
 * whose endpoint the user named always gets its full time, because no other runtime may be opened if it is not available.
 */
export async function probeUntilDecided(
  entries: readonly PluginEntry[],
  probe: (entry: PluginEntry, own: { readonly signal: AbortSignal }) => Promise<ProbedPlugin>,
  { env, fits, othersMs, signal }: DecisionOptions,
): Promise<readonly ProbedPlugin[]> {
  const link = linkSignals([signal])
  const running = entries.map((entry) => ({ entry, probed: probe(entry, { signal: link.signal }) }))
  for (const { probed } of running) probed.catch(() => {}) // prevents an unhandled rejection; all are awaited below
  try {
    const isDecided = await findFitting(running, fits)
    await Promise.all(running.map(({ entry, probed }) => (mayBlock(entry, env) ? probed : undefined)))
    const limit = isDecided ? startDeadline(othersMs, () => link.abort(unawaited)) : undefined
    const all = running.map(({ entry, probed }) =>
      probed.catch((error: unknown) => {
        if (error !== unawaited) throw error
        return toUnawaited(entry)
      }),
    )
    return await Promise.all(all).finally(() => limit?.clear())
  } finally {
    link.unlink()
  }
}

/** Options of `probeUntilDecided`. */
export interface DecisionOptions {
  readonly env: ProbeOptions['env']
  /** Whether `open` can use a plugin with this result. */
  readonly fits: (probed: ProbedPlugin) => boolean
  /** Milliseconds to wait for the other plugins when one fits. */
  readonly othersMs: number
  readonly signal: AbortSignal
}

interface Running {
  readonly entry: PluginEntry
  readonly probed: Promise<ProbedPlugin>
}

/** Whether a plugin fits. Waits in order, since a slow earlier plugin is preferred to a fast later one. */
async function findFitting(running: readonly Running[], fits: DecisionOptions['fits']): Promise<boolean> {
  for (const { probed } of running) {
    if (fits(await probed)) return true
  }
  return false
}

/** Whether a plugin may prevent that others are opened. Without `isChosen` only the result of its probe decides that. */
function mayBlock(entry: PluginEntry, env: ProbeOptions['env']): boolean {
  return !hasChosen(entry.plugin) || isChosen(entry, env)
}

const unawaited = new Error('another runtime is opened')
