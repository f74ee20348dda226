import { randomUUID } from 'node:crypto'
import type { StringMap } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import type { Settings } from './settings.js'
import { tolerateUse } from './shared-objects.js'
import { takeBack } from './take-back.js'

/** The same settings, with a mark on all that one attempt makes. */
export function markSettings(settings: Settings): Settings {
  return { ...settings, labels: { ...settings.labels, [attemptLabel]: randomUUID() } }
}

/** Removes what an attempt made whose answers were lost, unless others use it: nothing else carries its mark. */
export async function removeMarked(
  managers: BuildKitManagers,
  { labels: all }: Settings,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const { runtime, networks, volumes } = managers
  const labels: StringMap = { [attemptLabel]: all[attemptLabel] ?? '' }
  const options = { labels, signal }
  for (const { id } of await runtime.listContainers(options)) await takeBack(managers, id, { signal })
  if (volumes !== undefined) {
    for (const { name } of await volumes.listVolumes(options)) await tolerateUse(volumes.removeVolume(name, { signal }))
  }
  for (const { id } of await networks.listNetworks(options)) await tolerateUse(networks.removeNetwork(id, { signal }))
}

const attemptLabel = 'buildkit.attempt'
