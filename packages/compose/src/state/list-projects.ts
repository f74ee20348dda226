import type { ContainerInfo, ProjectInfo, Runtime } from '@capstan/core'
import type { ListOptions } from '@capstan/core/plugin'
import { composeLabelKeys, isServiceContainer, toServiceName } from './compose-labels.js'

/** Lists the projects that have containers with the labels of `options`. */
export async function listProjects(runtime: Runtime, options: ListOptions): Promise<readonly ProjectInfo[]> {
  const labelKeys = [composeLabelKeys.project, ...(options.labelKeys ?? [])]
  const byName = new Map<string, ContainerInfo[]>()
  for (const container of await runtime.listContainers({ ...options, labelKeys })) {
    const name = container.labels[composeLabelKeys.project] ?? ''
    byName.set(name, [...(byName.get(name) ?? []), container])
  }
  return [...byName]
    .map(([name, containers]) => toProjectInfo(name, containers))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function toProjectInfo(name: string, containers: readonly ContainerInfo[]): ProjectInfo {
  const services = containers.filter(isServiceContainer).map(toServiceName)
  const find = (key: string) => containers.map(({ labels }) => labels[key]).find((value) => value)
  return {
    name,
    services: [...new Set(services)].sort(),
    directory: find(composeLabelKeys.directory),
    files: toFiles(find(composeLabelKeys.files)?.split(',') ?? []),
  }
}

/** A text on stdin is `-`, or `DIRECTORY/-` in older releases. Beside files, it only adds the labels of the owner. */
function toFiles(files: readonly string[]): readonly string[] {
  const named = files.filter((file) => !/(^|[/\\])-$/.test(file))
  return named.length === 0 && files.length > 0 ? ['-'] : named
}
