import { type ContainerConfig, isHostError, type Mount } from '@capstan/core'
import { createHostError, type Operation, type StringMap, toVolumeLabels } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toLabelFilter } from '../engine/label-filter.js'
import { findVolume, makeVolume } from './create-volume.js'

/** The labels that an absent volume of this mount gets, with the id of the request that creates it. */
export function toMountedLabels(
  engine: Pick<DockerEngine, 'ownerLabels'>,
  config: ContainerConfig,
  requestIdLabel: StringMap,
): (mount: VolumeMount) => StringMap {
  return (mount) => ({ ...toVolumeLabels(mount, config, engine.ownerLabels), ...requestIdLabel })
}

/**
 * Creates the absent volumes that the container mounts, on an engine that would create them without labels. Docker's own
 * creates them with the labels of the mount, in the same step as the container.
 */
export async function createMountedVolumes(
  engine: DockerEngine,
  config: ContainerConfig,
  { call, requestIdLabel }: MountedCall,
): Promise<void> {
  if (!engine.details.quirks.dropsVolumeLabels) return
  const toLabels = toMountedLabels(engine, config, requestIdLabel)
  for (const [index, mount] of (config.mounts ?? []).entries()) {
    if (mount.type !== 'volume') continue
    const own = { ...call, subject: mount.source }
    if ((await findVolume(engine, own)) !== undefined) continue
    try {
      await makeVolume(engine, { call: own, labels: toLabels(mount), requestIdLabel })
    } catch (error) {
      // Another client created it meanwhile: it is mounted as any volume that exists.
      if (!isHostError(error, 'NAME_CONFLICT')) throw toMountError(error, `mounts[${index}].source`)
    }
  }
}

/**
 * Removes the volumes that the request created, except those that another container uses.
 */
export async function removeMountedVolumes(
  engine: DockerEngine,
  requestIdLabel: StringMap,
  call: EngineCall,
): Promise<void> {
  const api = await engine.api(call)
  const { Volumes } = await api.listVolumes({ filters: toLabelFilter(requestIdLabel) })
  for (const { Name } of Volumes ?? []) await removeUnused(engine, { ...call, subject: Name })
}

/** The request that makes a container and its volumes. */
export interface MountedCall {
  readonly call: Operation
  /** The label that this request alone puts on what it makes. */
  readonly requestIdLabel: StringMap
}

type VolumeMount = Extract<Mount, { type: 'volume' }>

/** An invalid name of a volume, reported for the field of the mount. */
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
