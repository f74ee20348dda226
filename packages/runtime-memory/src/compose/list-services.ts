import type { ProjectInfo, ServiceState } from '@capstan/core'
import { isListed, type ListOptions, type ServiceContainer } from '@capstan/core/plugin'
import { inspectContainer } from '../containers/inspect-container.js'
import type { MemoryContainer } from '../containers/state/memory-container.js'
import type { MemoryEngine } from '../memory-engine.js'
import { composeLabels } from './compose-labels.js'

/** Lists the projects that have containers, in the order of their names. */
export function listProjects(engine: MemoryEngine, options: ListOptions): readonly ProjectInfo[] {
  const containers = engine.containers.list().filter(({ labels }) => isListed({ labels }, options))
  return toSortedGroups(containers, composeLabels.project).map(([name, own]) => {
    const label = (key: string) => own.map(({ labels }) => labels[key]).find((value) => value !== undefined)
    return {
      name,
      services: toSortedGroups(own, composeLabels.service).map(([service]) => service),
      directory: label(composeLabels.directory),
      files: label(composeLabels.files)?.split(',') ?? [],
    }
  })
}

/** Lists the services of a project that have containers, in the order of their names. */
export function listServices(engine: MemoryEngine, project: string): readonly ServiceState[] {
  const containers = listContainersOf(engine, project).filter(({ labels }) => labels[composeLabels.oneOff] !== 'True')
  return toSortedGroups(containers, composeLabels.service).map(([service, own]) => ({
    service,
    containers: own
      .map((container) => toServiceContainer(engine, container))
      .toSorted((one, other) => one.number - other.number),
  }))
}

/** Lists the containers of a project, also those of one-off commands. */
export function listContainersOf(engine: MemoryEngine, project: string): readonly MemoryContainer[] {
  return engine.containers.list().filter(({ labels }) => labels[composeLabels.project] === project)
}

/** Reads the state of a container of a service. */
export function toServiceContainer(engine: MemoryEngine, container: MemoryContainer): ServiceContainer {
  const { id, state, health, ports, labels } = inspectContainer(engine, container)
  const number = Number(labels[composeLabels.number] ?? 1)
  return { id, number, state: state.status, health, exitCode: state.exitCode, ports }
}

/** Groups containers by the value of a label. Those without it are left out. */
function toSortedGroups(
  containers: readonly MemoryContainer[],
  key: string,
): readonly (readonly [string, readonly MemoryContainer[]])[] {
  const groups = new Map<string, readonly MemoryContainer[]>()
  for (const container of containers) {
    const name = container.labels[key]
    if (name !== undefined) groups.set(name, [...(groups.get(name) ?? []), container])
  }
  return [...groups].toSorted(([one], [other]) => (one < other ? -1 : 1))
}
