import { createHostError, joinWords } from '@capstan/core/plugin'
import type { ProjectModel, ServiceModel } from './file/project-model.js'

/** Returns the given services (default: all) and those on which they depend. @throws HostError INVALID_ARGUMENT for an unknown one */
export function selectServices(
  project: ProjectModel,
  names: readonly string[] = [...project.services.keys()],
): readonly ServiceModel[] {
  const selected = new Map<string, ServiceModel>()
  const add = (name: string) => {
    const service = project.services.get(name)
    if (service === undefined || selected.has(name)) return
    selected.set(name, service)
    for (const dependency of service.dependsOn) add(dependency.service)
  }
  checkServices(project, names, 'services')
  for (const name of names) add(name)
  return [...selected.values()]
}

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
