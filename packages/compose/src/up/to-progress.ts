import type { ComposeProgress } from '@capstan/core'
import type { ComposeStep } from '../program/output-lines.js'
import type { ProjectModel } from '../project/project-model.js'

/** Converts a step of Compose, in which containers have their names on the engine, to one with the names of services. */
export function toProgress({ name, parent, ...step }: ComposeStep, model: ProjectModel): ComposeProgress {
  if (step.kind === 'network' || step.kind === 'volume') return { ...step, id: name, service: undefined }
  if (step.kind === 'container') return { ...step, ...toContainerPart(name, model) }
  const [, building] = step.kind === 'build' ? (/^\[(\S+)/.exec(name) ?? []) : []
  const service = findService(model, building ?? parent ?? name)
  return { ...step, id: name, service }
}

/** Reads `shop-db-1`, `0123456789ab_shop-db-1` of a container that is replaced, and names that the files set. */
function toContainerPart(name: string, model: ProjectModel): Pick<ComposeProgress, 'id' | 'service'> {
  const named = model.services.find(({ containerName }) => containerName === name)
  if (named !== undefined) return { id: `${named.name}-1`, service: named.name }
  const plain = name.replace(/^[0-9a-f]{12}_/, '')
  const rest = plain.startsWith(`${model.name}-`) ? plain.slice(model.name.length + 1) : plain
  const [, service] = /^(.+)-\d+$/.exec(rest) ?? []
  return { id: rest, service: findService(model, service) }
}

/** Finds a service by its name or its image. */
function findService({ services }: ProjectModel, text: string | undefined): string | undefined {
  return services.find(({ name, image }) => name === text || image === text)?.name
}
