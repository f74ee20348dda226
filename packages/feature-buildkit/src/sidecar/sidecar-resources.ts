import { randomBytes } from 'node:crypto'
import { type ContainerState, isHostError, type OperationOptions } from '@capstan/core'
import { linkSignals, type StringMap, type UndoStack } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'
import { removeIfUnused } from './remove-if-unused.js'
import type { SidecarSettings } from './sidecar-settings.js'

/**
 * The names of the network and the volumes of one sidecar. They contain a random id of its creation, so concurrent creations
 * share nothing but the name of the container, and only one of them can create the container.
 */
export interface SidecarResources {
  /** A random id of the creation of a sidecar with its network and volumes. */
  readonly creationId: string
  readonly network: string
  /** Contains the daemon's cache. */
  readonly stateVolume: string
  /** Contains the daemon's socket. */
  readonly socketVolume: string
}

/** Returns the names for a creation. Default: a new creation. */
export function toSidecarResources(
  { name }: SidecarSettings,
  creationId: string = randomBytes(6).toString('hex'),
): SidecarResources {
  const network = `${name}-${creationId}`
  return { creationId, network, stateVolume: `${network}-state`, socketVolume: `${network}-socket` }
}

/** Returns the labels of everything that one creation creates. */
export function toLabels({ labels }: SidecarSettings, { creationId }: SidecarResources): StringMap {
  return { ...labels, [creationLabel]: creationId }
}

/** Creates network and volumes concurrently. Resolves with the id of the network. */
export async function createResources(
  { networks, volumes }: BuildKitManagers,
  settings: SidecarSettings,
  { resources, undo, signal }: CreateResourcesOptions,
): Promise<string> {
  const { network, stateVolume, socketVolume } = resources
  const labels = toLabels(settings, resources)
  let networkId = ''
  const createNetwork = async (step: OperationOptions) => {
    networkId = await networks.createNetwork(network, { labels, ...step })
    undo.add('network', (undoing) => unlessInUse(networks.removeNetwork(networkId, undoing)))
  }
  const createVolume = async (name: string, step: OperationOptions) => {
    await volumes?.createVolume(name, { labels, ...step })
    undo.add(`volume ${name}`, (undoing) => unlessInUse(volumes?.removeVolume(name, undoing)))
  }
  await allOrAbort(signal, (step) => [
    createNetwork(step),
    createVolume(stateVolume, step),
    createVolume(socketVolume, step),
  ])
  return networkId
}

export interface CreateResourcesOptions extends OperationOptions {
  readonly resources: SidecarResources
  readonly undo: UndoStack
}

/** Aborts the other promises after the first failure or an abort, and rejects when all have settled. */
async function allOrAbort(
  signal: AbortSignal | undefined,
  begin: (step: OperationOptions) => readonly Promise<void>[],
): Promise<void> {
  signal?.throwIfAborted()
  const linked = linkSignals([signal])
  try {
    await Promise.all(begin({ signal: linked.signal }).map((one) => one.catch((error: unknown) => linked.abort(error))))
    linked.signal.throwIfAborted()
  } finally {
    linked.unlink()
  }
}

/**
 * Removes everything that a creation created, found by its label, so that objects of unanswered requests are removed, too.
 * Keeps a container with leases, and objects in use.
 */
export async function removeResources(
  managers: BuildKitManagers,
  { creationId }: SidecarResources,
  { signal }: OperationOptions = {},
): Promise<void> {
  const { runtime, networks, volumes } = managers
  const options = { labels: { [creationLabel]: creationId }, signal }
  for (const { id, state } of await runtime.listContainers(options)) {
    if (isFinalState(state)) await runtime.removeContainer(id, { signal })
    else await removeIfUnused(managers, id, { signal })
  }
  for (const { name } of (await volumes?.listVolumes(options)) ?? [])
    await unlessInUse(volumes?.removeVolume(name, { signal }))
  for (const { id } of await networks.listNetworks(options)) await unlessInUse(networks.removeNetwork(id, { signal }))
}

/** Ignores that a container still uses the object. */
async function unlessInUse(removal: Promise<void> | undefined): Promise<void> {
  try {
    await removal
  } catch (error) {
    if (!isHostError(error, 'IN_USE')) throw error
  }
}

/** Whether the container has ended. */
export function isFinalState(state: ContainerState): boolean {
  return state === 'exited' || state === 'dead'
}

/**
 * The label with the id of the creation, on the container, the network and the volumes. A process that finds the container
 * finds the other objects by its value.
 */
export const creationLabel = 'buildkit.creation'
