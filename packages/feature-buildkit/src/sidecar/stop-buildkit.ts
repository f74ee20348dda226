import type { BuildKitManagers } from '../buildkit-needs.js'
import { type BuildKitOptions, validateBuildKitOptions } from '../buildkit-options.js'
import { findContainer } from './find-sidecar.js'
import { removeIfUnused } from './remove-if-unused.js'
import { creationLabel, isFinalState, removeResources, toSidecarResources } from './sidecar-resources.js'
import { isSameConfiguration, toSettings } from './sidecar-settings.js'

/**
 * The result of `stop`. `stopped`: the sidecar is stopped and removed. `in-use`: a lease is held, by this or another process,
 * and the sidecar stops after the last one. `absent`: no sidecar of this name and configuration was running; the resources of
 * an ended one are removed.
 */
export type BuildKitStopOutcome = 'stopped' | 'in-use' | 'absent'

/**
 * Undoes `pin`, and removes the sidecar of this name and configuration unless a lease is held. The daemon is not called, so a
 * daemon that does not respond is stopped, too.
 */
export async function stopBuildKit(managers: BuildKitManagers, options: BuildKitOptions): Promise<BuildKitStopOutcome> {
  validateBuildKitOptions(options)
  const { signal } = options
  const settings = toSettings(options)
  const container = await findContainer(managers, settings.name, { signal })
  if (container === undefined || !isSameConfiguration(container.labels, settings)) return 'absent'
  const { id, labels, state } = container
  const resources = toSidecarResources(settings, labels[creationLabel])
  const hasEnded = isFinalState(state.status)
  if (!hasEnded) {
    const removal = await removeIfUnused(managers, id, { signal, queryTimeoutMs, includesPinned: true })
    if (removal === 'in-use') return 'in-use'
  }
  await removeResources(managers, resources, { signal })
  return hasEnded ? 'absent' : 'stopped'
}

/** Longer than the default: others may hold leases, and a busy engine starts a process late. */
const queryTimeoutMs = 30_000
