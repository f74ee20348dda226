import type { BuildKitManagers } from '../buildkit-managers.js'
import { type BuildKitOptions, validateBuildKitOptions } from '../buildkit-options.js'
import { attemptLabel, hasEnded, removeBelongings, toBelongings } from './belongings.js'
import { findHolder } from './find-daemon.js'
import { isSameConfiguration, toSettings } from './settings.js'
import { takeBack } from './take-back.js'

/** The result of `stop`. `in-use`: others hold the sidecar, and it stops after the last of them. */
export type BuildKitStopOutcome = 'stopped' | 'in-use' | 'absent'

/**
 * Undoes `keep`, and removes the sidecar of this configuration unless a lease of it is held. The daemon is never asked, so a
 * daemon that hangs is stopped as well.
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

/** Longer than for a sidecar of this process: a busy engine starts a process late, and others may hold leases. */
const askMs = 30_000
