import { createHash } from 'node:crypto'
import type { StringMap } from '@capstan/core/plugin'
import type { ProjectModel, ServiceModel } from './file/project-model.js'

/** The labels by which the objects of a project are found: those of Compose. */
export const composeLabels = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  number: 'com.docker.compose.container-number',
  /** `True` for the container of a one-off command. */
  oneOff: 'com.docker.compose.oneoff',
  configHash: 'com.docker.compose.config-hash',
  dependsOn: 'com.docker.compose.depends_on',
  directory: 'com.docker.compose.project.working_dir',
  files: 'com.docker.compose.project.config_files',
  network: 'com.docker.compose.network',
  volume: 'com.docker.compose.volume',
} as const

/** Returns the labels of Compose of a container of a service. */
export function toContainerLabels(project: ProjectModel, service: ServiceModel, number: number): StringMap {
  return {
    [composeLabels.project]: project.name,
    [composeLabels.service]: service.name,
    [composeLabels.number]: String(number),
    [composeLabels.oneOff]: 'False',
    [composeLabels.configHash]: toConfigHash(service),
    [composeLabels.dependsOn]: service.dependsOn.map((each) => each.service).join(','),
    [composeLabels.files]: project.files.join(','),
    ...(project.directory !== undefined && { [composeLabels.directory]: project.directory }),
  }
}

/** Returns a hash of what a container of the service is created from. */
function toConfigHash({ config }: ServiceModel): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('hex')
}
