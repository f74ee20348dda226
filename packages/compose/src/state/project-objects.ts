import {
  type ContainerInfo,
  isHostError,
  type NetworkInfo,
  type NetworkManager,
  type Runtime,
  type VolumeInfo,
  type VolumeManager,
} from '@capstan/core'
import { delay } from '@capstan/core/plugin'
import { toProjectLabels } from './compose-labels.js'

/** The objects of the engine that have the label of a project. */
export interface ProjectObjects {
  readonly containers: readonly ContainerInfo[]
  readonly networks: readonly NetworkInfo[]
  readonly volumes: readonly VolumeInfo[]
}

/** The managers by which the objects of a project are read and removed. */
export interface ProjectManagers {
  readonly runtime: Runtime
  readonly networks: NetworkManager
  readonly volumes: VolumeManager
}

/** Lists the objects of a project, also the containers of one-off commands. */
export async function listObjects(
  { runtime, networks, volumes }: ProjectManagers,
  project: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<ProjectObjects> {
  const options = { labels: toProjectLabels(project), signal }
  const [containers, foundNetworks, foundVolumes] = await Promise.all([
    runtime.listContainers(options),
    networks.listNetworks(options),
    volumes.listVolumes(options),
  ])
  return { containers, networks: foundNetworks, volumes: foundVolumes }
}

/**
 * Removes the objects of a project that are not in `before`: containers, then networks and volumes.
 *
 * `pending` are the names of objects that Compose has requested without an answer. The engine may still create them, so they are
 * awaited, for up to 5 s after the last new object.
 */
export async function removeNewObjects(
  managers: ProjectManagers,
  project: string,
  { before, pending, signal }: RemoveNewOptions,
): Promise<void> {
  const missing = new Set(pending)
  let changedAt = performance.now()
  for (;;) {
    const listed = await listObjects(managers, project, { signal })
    for (const { name } of [listed.containers, listed.networks, listed.volumes].flat()) missing.delete(name)
    const found = subtract(listed, before)
    const isEmpty = found.containers.length + found.networks.length + found.volumes.length === 0
    const isLate = performance.now() - changedAt >= lateResultMs
    if (isEmpty && (missing.size === 0 || isLate)) return
    const error = await removeObjects(managers, found, { signal }).then(() => undefined, toInUse)
    // A container that is being created uses its volumes before it is in a list.
    if (error !== undefined && isLate) throw error
    if (isEmpty || error !== undefined) await delay(listMs, { signal })
    else changedAt = performance.now()
  }
}

function toInUse(error: unknown): unknown {
  if (isHostError(error, 'IN_USE')) return error
  throw error
}

interface RemoveNewOptions {
  readonly before: ProjectObjects
  readonly pending: Iterable<string>
  readonly signal: AbortSignal
}

/** Removes objects: containers, then networks and volumes. */
export async function removeObjects(
  { runtime, networks, volumes }: ProjectManagers,
  objects: ProjectObjects,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  await Promise.all(objects.containers.map(({ id }) => runtime.removeContainer(id, { signal })))
  await Promise.all([
    ...objects.networks.map(({ id }) => networks.removeNetwork(id, { signal })),
    ...objects.volumes.map(({ name }) => volumes.removeVolume(name, { signal })),
  ])
}

function subtract(now: ProjectObjects, before: ProjectObjects): ProjectObjects {
  const ids = new Set([...before.containers, ...before.networks].map(({ id }) => id))
  const names = new Set(before.volumes.map(({ name }) => name))
  return {
    containers: now.containers.filter(({ id }) => !ids.has(id)),
    networks: now.networks.filter(({ id }) => !ids.has(id)),
    volumes: now.volumes.filter(({ name }) => !names.has(name)),
  }
}

const lateResultMs = 5_000
const listMs = 100
