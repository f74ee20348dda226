import type { ContainerInfo } from '@capstan/core'
import type { ListContainersOptions } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toLabelFilter } from '../engine/label-filter.js'
import { findSandboxOf } from '../engine/sandbox-labels.js'
import { toContainerInfo } from './container-shapes.js'

/**
 * All containers, stopped ones too, without the sandboxes of those in the list. The filter works at the engine.
 */
export async function listContainers(
  engine: DockerEngine,
  { labels }: ListContainersOptions,
  call: EngineCall,
): Promise<readonly ContainerInfo[]> {
  const api = await engine.api(call)
  const listed = await api.listContainers({ all: true, filters: toLabelFilter(labels) })
  const ids = new Set(listed.map(({ Id }) => Id))
  // One whose container is gone is shown, so that it is found and removed.
  return listed.filter(({ Labels }) => !ids.has(findSandboxOf(Labels) ?? '')).map(toContainerInfo)
}
