import type { BuildKitManagers } from '../buildkit-managers.js'
import { type BuildKitOptions, validateBuildKitOptions } from '../buildkit-options.js'
import { attemptLabel, hasEnded, removeBelongings, toBelongings } from './belongings.js'
import { findHolder } from './find-daemon.js'
import { isSameConfiguration, toSettings } from './settings.js'
import { takeBack } from './take-back.js'

/** What `stop` came to: `in-use` where others hold the sidecar, which stops after the last of them. */
export type BuildKitStopOutcome = 'stopped' | 'in-use' | 'absent'

/**
 * Takes back a `keep`, and removes the sidecar of this configuration unless somebody holds a lease of it.
 *
 * The daemon is never asked, so one that hangs is stopped as soon as any other.
 */
export async function stopBuildKit(managers: BuildKitManagers, options: BuildKitOptions): Promise<BuildKitStopOutcome> {
  validateBuildKitOptions(options)
  const { signal } = options
  const settings = toSettings(options)
  const holder = await findHolder(managers, settings.name, { signal })
  if (holder === undefined || !isSameConfiguration(holder.labels, settings)) return 'absent'
  const { id, labels, state } = holder
  const belongings = toBelongings(settings, labels[attemptLabel])
  if (hasEnded(state.status)) {
    await removeBelongings(managers, belongings, { signal })
    return 'absent'
  }
  if ((await takeBack(managers, id, { signal, askMs, takesKeepBack: true })) === 'shared') return 'in-use'
  await removeBelongings(managers, belongings, { signal })
  return 'stopped'
}

/** A busy engine starts a process late, and leases of others count: longer than for a sidecar of one's own. */
const askMs = 30_000
