import type { ContainerConfig, Mount } from '@capstan/core'
import { type Operation, type StringMap, toVolumeLabels } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { toLabelFilter } from '../engine/label-filter.js'

/** Returns a function that makes the labels of a volume that a mount creates, including the request id. */
export function toMountedLabels(
  engine: Pick<DockerEngine, 'ownerLabels'>,
  config: ContainerConfig,
  requestIdLabel: StringMap,
): (mount: VolumeMount) => StringMap {
  return (mount) => ({ ...toVolumeLabels(mount, config, engine.ownerLabels), ...requestIdLabel })
}

/** Removes the volumes that the request created, except those that another container uses. */
export async function removeMountedVolumes(
  engine: DockerEngine,
  requestIdLabel: StringMap,
  call: EngineCall,
): Promise<void> {
  const api = await engine.api(call)
  const { Volumes } = await api.listVolumes({ filters: toLabelFilter(requestIdLabel) })
  for (const { Name } of Volumes ?? []) {
    const own = await engine.api({ ...call, subject: Name })
    await ignoreErrors(['IN_USE', 'VOLUME_NOT_FOUND'], own.getVolume(Name).remove())
  }
}

/** The operation that creates a container and its volumes, and the label of what it creates. */
export interface CreateContext {
  readonly call: Operation
  readonly requestIdLabel: StringMap
}

type VolumeMount = Extract<Mount, { type: 'volume' }>
