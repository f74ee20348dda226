import type { ContainerInfo, ListContainersOptions } from '@capstan/core'
import type { DockerEngine } from '../docker-engine.js'
import { toLabelFilter } from '../label-filter.js'
import { toContainerInfo } from './container-shapes.js'

/** All containers, stopped ones too. The filter works at the engine. */
export async function listContainers(
  engine: DockerEngine,
  { labels, ...options }: ListContainersOptions = {},
): Promise<readonly ContainerInfo[]> {
  const api = await engine.api({ operation: 'listContainers', subject: 'containers', ...options })
  return (await api.listContainers({ all: true, filters: toLabelFilter(labels) })).map(toContainerInfo)
}
