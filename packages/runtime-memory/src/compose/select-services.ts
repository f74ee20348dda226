import type { ComposeUpOptions } from '@capstan/core'
import { createHostError, joinWords, validateScale } from '@capstan/core/plugin'
import type { ProjectModel, ServiceModel } from './file/project-model.js'

/**
 * Returns the services that `up` starts, with the given numbers of containers: the given ones and those on which they depend.
 *
 * @throws HostError INVALID_ARGUMENT for an unknown one
 */
export function selectServices(
  project: ProjectModel,
  { services: names = [...project.services.keys()], dependencies = true, scale = {} }: SelectOptions,
): readonly ServiceModel[] {
  const selected = new Map<string, ServiceModel>()
  const add = (name: string) => {
    const service = project.services.get(name)
    if (service === undefined || selected.has(name)) return
    selected.set(name, service)
    if (dependencies) for (const dependency of service.dependsOn) add(dependency.service)
  }
  checkServices(project, names, 'services')
  for (const name of names) add(name)
  const counts = new Map(Object.entries(scale))
  const started = [...selected.values()]
  validateScale(
    counts,
    started.map(({ name, config }) => ({ name, containerName: config.name })),
  )
  return started.map((service) => ({
    ...service,
    replicas: counts.get(service.name) ?? service.replicas,
  }))
}

type SelectOptions = Pick<ComposeUpOptions, 'services' | 'dependencies' | 'scale'>

/** Returns the jobs among the services: the given ones, and those that another service requires to be completed. */
export function selectJobs(
  project: ProjectModel,
  {
    services,
    jobs = [],
  }: { readonly services: readonly ServiceModel[]; readonly jobs?: readonly string[] | undefined },
): ReadonlySet<string> {
  checkServices(project, jobs, 'jobs')
  const required = services.flatMap(({ dependsOn }) => dependsOn.filter(({ condition }) => condition === 'completed'))
  return new Set([...jobs, ...required.map(({ service }) => service)])
}

function checkServices(project: ProjectModel, names: readonly string[], field: string): void {
  const unknown = names.findIndex((name) => !project.services.has(name))
  if (unknown === -1) return
  const known = joinWords(
    [...project.services.keys()].map((name) => JSON.stringify(name)),
    'or',
  )
  const expected = `a service of the project with an active profile: ${known}`
  const given = JSON.stringify(names[unknown])
  throw createHostError('INVALID_ARGUMENT', { field: `${field}[${unknown}]`, expected, given })
}
