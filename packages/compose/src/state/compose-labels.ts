import type { StringMap } from '@capstan/core/plugin'

/** The keys of the labels that every Compose 2 sets. */
export const composeLabelKeys = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  number: 'com.docker.compose.container-number',
  oneOff: 'com.docker.compose.oneoff',
  directory: 'com.docker.compose.project.working_dir',
  files: 'com.docker.compose.project.config_files',
  network: 'com.docker.compose.network',
  volume: 'com.docker.compose.volume',
} as const

/** Returns the labels of the objects of a project. */
export function toProjectLabels(project: string): StringMap {
  return { [composeLabelKeys.project]: project }
}

/** Whether a container belongs to a service, and is not that of a one-off command. */
export function isServiceContainer({ labels }: { readonly labels: StringMap }): boolean {
  return labels[composeLabelKeys.service] !== undefined && labels[composeLabelKeys.oneOff] !== 'True'
}

/** Returns the name of the service of a container. */
export function toServiceName({ labels }: { readonly labels: StringMap }): string {
  return labels[composeLabelKeys.service] ?? ''
}

/** Returns the number of a container in its service. */
export function toContainerNumber({ labels }: { readonly labels: StringMap }): number {
  return Number(labels[composeLabelKeys.number]) || 1
}
