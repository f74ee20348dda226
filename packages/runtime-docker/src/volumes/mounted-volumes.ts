import { type ContainerConfig, isHostError, type Mount } from '@capstan/core'
import { createHostError, type Operation, type StringMap, toVolumeLabels } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toLabelFilter } from '../engine/label-filter.js'
import { findVolume, sendCreateVolume } from './create-volume.js'

/** Returns a function that makes the labels of a volume that a mount creates, including the request id. */
export function toMountedLabels(
  engine: Pick<DockerEngine, 'ownerLabels'>,
  config: ContainerConfig,
  requestIdLabel: StringMap,
): (mount: VolumeMount) => StringMap {
  return (mount) => ({ ...toVolumeLabels(mount, config, engine.ownerLabels), ...requestIdLabel })
}

/**
 * Creates the missing volumes of a container's mounts on an engine that would create them without labels. Docker
 * creates them with the labels of the mount in the same request as the container.
 */
export async function createMountedVolumes(
  engine: DockerEngine,
  config: ContainerConfig,
  { call, requestIdLabel }: CreateRequestCall,
): Promise<void> {
  if (!engine.details.quirks.dropsVolumeLabels) return
  const toLabels = toMountedLabels(engine, config, requestIdLabel)
  for (const [index, mount] of (config.mounts ?? []).entries()) {
    if (mount.type !== 'volume') continue
    const own = { ...call, subject: mount.source }
    if ((await findVolume(engine, own)) !== undefined) continue
    try {
      await sendCreateVolume(engine, { call: own, labels: toLabels(mount), requestIdLabel })
    } catch (error) {
      // Another client created the volume meanwhile, so it is mounted like any existing volume.
      if (!isHostError(error, 'NAME_CONFLICT')) throw toMountError(error, `mounts[${index}].source`)
    }
  }
}

/** Removes the volumes that the request created, except those that another container uses. */
export async function removeMountedVolumes(
  engine: DockerEngine,
  requestIdLabel: StringMap,
  call: EngineCall,
): Promise<void> {
  const api = await engine.api(call)
  const { Volumes } = await api.listVolumes({ filters: toLabelFilter(requestIdLabel) })
  for (const { Name } of Volumes ?? []) await removeUnused(engine, { ...call, subject: Name })
}

/** The request that creates a container and its volumes. */
export interface CreateRequestCall {
  readonly call: Operation
  /** The label of the objects that this request creates. */
  readonly requestIdLabel: StringMap
}

type VolumeMount = Extract<Mount, { type: 'volume' }>

/** Sets the field of the mount in an error about an invalid volume name. */
function toMountError(error: unknown, field: string): unknown {
  if (!isHostError(error, 'INVALID_ARGUMENT')) return error
  return createHostError('INVALID_ARGUMENT', { ...error.facts, field }, { cause: error.cause })
}

async function removeUnused(engine: DockerEngine, call: EngineCall): Promise<void> {
  try {
    await (await engine.api(call)).getVolume(call.subject).remove()
  } catch (error) {
    if (!isHostError(error, 'IN_USE') && !isHostError(error, 'VOLUME_NOT_FOUND')) throw error
  }
}
