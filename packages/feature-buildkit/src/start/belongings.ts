import { randomBytes } from 'node:crypto'
import { type ContainerState, isHostError, type OperationOptions, type StringMap, type UndoStack } from '@capstan/core'
import { allOrNone } from '../all-or-none.js'
import type { BuildKitManagers } from '../buildkit-managers.js'
import type { Settings } from './settings.js'
import { takeBack } from './take-back.js'

/**
 * What one sidecar has for itself. The names are of one attempt to start it: so no two attempts ever share a thing but
 * the sidecar, whose name alone decides who makes it.
 */
export interface Belongings {
  readonly attempt: string
  readonly network: string
  /** Holds the daemon's cache. */
  readonly stateVolume: string
  /** Holds the daemon's socket. */
  readonly socketVolume: string
}

/** Those of a new attempt, unless one is given. */
export function toBelongings({ name }: Settings, attempt: string = randomBytes(6).toString('hex')): Belongings {
  const network = `${name}-${attempt}`
  return { attempt, network, stateVolume: `${network}-state`, socketVolume: `${network}-socket` }
}

/** Labels of all that is made for one attempt. */
export function toLabels({ labels }: Settings, { attempt }: Belongings): StringMap {
  return { ...labels, [attemptLabel]: attempt }
}

/** Makes network and volumes, at once. Resolves with the id of the network. */
export async function makeBelongings(
  { networks, volumes }: BuildKitManagers,
  settings: Settings,
  { belongings, undo, signal }: MakeOptions,
): Promise<string> {
  const { network, stateVolume, socketVolume } = belongings
  const labels = toLabels(settings, belongings)
  const makeNetwork = async (own: OperationOptions) => {
    const id = await networks.createNetwork(network, { labels, ...own })
    undo.add('network', (undoing) => tolerateUse(networks.removeNetwork(id, undoing)))
    return id
  }
  const makeVolume = async (name: string, own: OperationOptions) => {
    await volumes?.createVolume(name, { labels, ...own })
    undo.add(`volume ${name}`, (undoing) => tolerateUse(volumes?.removeVolume(name, undoing)))
    return name
  }
  const [networkId = ''] = await allOrNone(signal, (own) => [
    makeNetwork(own),
    makeVolume(stateVolume, own),
    makeVolume(socketVolume, own),
  ])
  return networkId
}

export interface MakeOptions extends OperationOptions {
  readonly belongings: Belongings
  readonly undo: UndoStack
}

/** Removes all that was made for an attempt, also what nobody has heard of, unless others use it. */
export async function removeBelongings(
  managers: BuildKitManagers,
  { attempt }: Belongings,
  { signal }: OperationOptions = {},
): Promise<void> {
  const { runtime, networks, volumes } = managers
  const options = { labels: { [attemptLabel]: attempt }, signal }
  for (const { id, state } of await runtime.listContainers(options)) {
    if (hasEnded(state)) await runtime.removeContainer(id, { signal })
    else await takeBack(managers, id, { signal })
  }
  for (const { name } of (await volumes?.listVolumes(options)) ?? [])
    await tolerateUse(volumes?.removeVolume(name, { signal }))
  for (const { id } of await networks.listNetworks(options)) await tolerateUse(networks.removeNetwork(id, { signal }))
}

/** What another holder uses stays. */
async function tolerateUse(removal: Promise<void> | undefined): Promise<void> {
  try {
    await removal
  } catch (error) {
    if (!isHostError(error, 'IN_USE')) throw error
  }
}

/** Whether a container in this state has no process any more, and gets none again. */
export function hasEnded(state: ContainerState): boolean {
  return state === 'exited' || state === 'dead'
}

/** On the sidecar, too: by it those who find it know what belongs to it. */
export const attemptLabel = 'buildkit.attempt'
