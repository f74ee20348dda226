import type { ProbeOptions } from '../contract/probe.js'
import { startDeadline } from '../operation/signals/deadline.js'
import { linkSignals } from '../operation/signals/link-signals.js'
import type { PluginEntry } from './plugin-entry.js'
import { hasChosen, isChosen, type ProbedPlugin, toUnawaited } from './probe-plugin.js'

/**
 * Probes plugins in parallel for `open`, and resolves when it is known which of them to open.
 *
 * Once the first plugin in order that `fits` is known, the others have `othersMs` more to answer, for their reports. A plugin
 * whose endpoint was named always gets its whole time: if that endpoint does not serve, no runtime may be opened.
 */
export async function probeUntilDecided(
  entries: readonly PluginEntry[],
  probe: (entry: PluginEntry, own: { readonly signal: AbortSignal }) => Promise<ProbedPlugin>,
  { env, fits, othersMs, signal }: DecisionOptions,
): Promise<readonly ProbedPlugin[]> {
  const link = linkSignals([signal])
  const running = entries.map((entry) => ({ entry, probed: probe(entry, { signal: link.signal }) }))
  for (const { probed } of running) probed.catch(() => {}) // a rejection is handled below, and must not end the process until then
  try {
    const isDecided = await findFitting(running, fits)
    await Promise.all(running.map(({ entry, probed }) => (mayBar(entry, env) ? probed : undefined)))
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
  /** Whether `open` would take it. */
  readonly fits: (probed: ProbedPlugin) => boolean
  /** In milliseconds. */
  readonly othersMs: number
  readonly signal: AbortSignal
}

interface Running {
  readonly entry: PluginEntry
  readonly probed: Promise<ProbedPlugin>
}

/** Whether a plugin fits. Waits in order: a slow earlier plugin is preferred to a quick later one. */
async function findFitting(running: readonly Running[], fits: DecisionOptions['fits']): Promise<boolean> {
  for (const { probed } of running) {
    if (fits(await probed)) return true
  }
  return false
}

/** A plugin without `isChosen` says only with its answer that its endpoint was named. */
function mayBar(entry: PluginEntry, env: ProbeOptions['env']): boolean {
  return !hasChosen(entry.plugin) || isChosen(entry, env)
}

const unawaited = new Error('another runtime is opened')
