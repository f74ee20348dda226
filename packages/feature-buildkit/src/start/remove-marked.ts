import { randomUUID } from 'node:crypto'
import type { StringMap } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import type { Settings } from './settings.js'
import { tolerateUse } from './shared-objects.js'

/** The same settings, with a mark on all that one attempt makes. */
export function markSettings(settings: Settings): Settings {
  return { ...settings, labels: { ...settings.labels, [attemptLabel]: randomUUID() } }
}

/** Removes what an attempt made whose answers were lost: nothing else carries its mark. */
export async function removeMarked(
  { runtime, networks, volumes }: BuildKitManagers,
  { labels: all }: Settings,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const labels: StringMap = { [attemptLabel]: all[attemptLabel] ?? '' }
  const options = { labels, signal }
  for (const { id } of await runtime.listContainers(options)) await runtime.removeContainer(id, { signal })
  if (volumes !== undefined) {
    for (const { name } of await volumes.listVolumes(options)) await tolerateUse(volumes.removeVolume(name, { signal }))
  }
  for (const { id } of await networks.listNetworks(options)) await tolerateUse(networks.removeNetwork(id, { signal }))
}

const attemptLabel = 'buildkit.attempt'
