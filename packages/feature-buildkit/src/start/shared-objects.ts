import { isHostError, type OperationOptions, type UndoStack } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { isSameConfiguration, type Settings } from './settings.js'

/** Makes the network, or takes the one that is there for the same configuration. Resolves with its id. */
export async function ensureNetwork(
  { networks }: BuildKitManagers,
  settings: Settings,
  { undo, signal }: EnsureOptions,
): Promise<string> {
  const { name, labels } = settings
  try {
    const id = await networks.createNetwork(name, { labels, signal })
    undo.add('network', (own) => tolerateUse(networks.removeNetwork(id, own)))
    return id
  } catch (error) {
    if (!isHostError(error, 'NAME_CONFLICT')) throw error
    const found = (await networks.listNetworks({ signal })).find((network) => network.name === name)
    if (found === undefined || !isSameConfiguration(found.labels, settings)) throw error
    return found.id
  }
}

/** The volumes of a sidecar: none where it can mount none. */
export function listVolumes({ volumes }: BuildKitManagers, settings: Settings): readonly string[] {
  return volumes === undefined ? [] : [settings.stateVolume, settings.socketVolume]
}

/** Makes a volume, or takes the one that is there for the same configuration. */
export async function ensureVolume(
  { volumes }: BuildKitManagers,
  name: string,
  { undo, signal, settings }: EnsureOptions & { readonly settings: Settings },
): Promise<void> {
  if (volumes === undefined) return
  try {
    await volumes.createVolume(name, { labels: settings.labels, signal })
    undo.add(`volume ${name}`, (own) => tolerateUse(volumes.removeVolume(name, own)))
  } catch (error) {
    if (!isHostError(error, 'NAME_CONFLICT')) throw error
    const found = (await volumes.listVolumes({ signal })).find((volume) => volume.name === name)
    if (found === undefined || !isSameConfiguration(found.labels, settings)) throw error
  }
}

export interface EnsureOptions extends OperationOptions {
  readonly undo: UndoStack
}

/**
 * Whether what was found is still there: the last user of the one before may have removed it meanwhile. What an engine
 * made in its place without a word goes with the undoing.
 */
export async function areStillThere(
  managers: BuildKitManagers,
  settings: Settings,
  { undo, signal }: EnsureOptions,
): Promise<boolean> {
  const { networks, volumes } = managers
  const isNetworkThere = (await networks.listNetworks({ signal })).some(({ name }) => name === settings.name)
  if (volumes === undefined) return isNetworkThere
  const names = listVolumes(managers, settings)
  const found = (await volumes.listVolumes({ signal })).filter(({ name }) => names.includes(name))
  const foreign = found.filter(({ labels }) => !isSameConfiguration(labels, settings))
  for (const { name } of foreign) undo.add(`volume ${name}`, (own) => tolerateUse(volumes.removeVolume(name, own)))
  return isNetworkThere && found.length === names.length && foreign.length === 0
}

/** The sidecar that was found is about to end, or what belongs to it: another attempt makes a new one. */
export const sidecarEnds: Error = new Error('the sidecar that was found is about to end')

/** What another holder uses stays. */
export async function tolerateUse(removal: Promise<void> | undefined): Promise<void> {
  try {
    await removal
  } catch (error) {
    if (!isHostError(error, 'IN_USE')) throw error
  }
}
