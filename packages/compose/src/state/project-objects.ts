import type { ContainerInfo, NetworkInfo, NetworkManager, Runtime, VolumeInfo, VolumeManager } from '@capstan/core'
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
 * Removes the objects of a project that are not in `before`: containers, then networks and volumes. A request that Compose sent before
 * it ended may still create one, so the objects are listed again until there were no new ones for `quietMs`.
 */
export async function removeNewObjects(
  managers: ProjectManagers,
  project: string,
  {
    before,
    quietMs,
    signal,
  }: { readonly before: ProjectObjects; readonly quietMs: number; readonly signal: AbortSignal },
): Promise<void> {
  let quietSince = performance.now()
  for (;;) {
    const found = subtract(await listObjects(managers, project, { signal }), before)
    const isEmpty = found.containers.length + found.networks.length + found.volumes.length === 0
    await removeObjects(managers, found, { signal })
    if (!isEmpty) quietSince = performance.now()
    if (performance.now() - quietSince >= quietMs) return
    await delay(Math.min(quietMs, listMs), { signal })
  }
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

const listMs = 100
