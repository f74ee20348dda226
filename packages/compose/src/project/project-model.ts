import type { ComposeProject, ComposeUpOptions } from '@capstan/core'
import {
  type ComposeDependency,
  type ComposeResource,
  type ComposeService,
  createHostError,
} from '@capstan/core/plugin'

/** A project as `config` prints it, with what `up` needs besides. */
export interface ProjectModel extends ComposeProject {
  readonly services: readonly ServiceModel[]
}

/** A service as `config` prints it. */
export interface ServiceModel extends ComposeService {
  /** The name of its container, if the files set it. */
  readonly containerName: string | undefined
  /** The tag of the image that is built; `undefined` without a `build` section. */
  readonly builtImage: string | undefined
  /** Whether the files set a health check. */
  readonly hasHealthcheck: boolean
}

/** Parses the output of `config --format json`. */
export function parseProjectModel(text: string): ProjectModel {
  const model = parse(text)
  const name = toText(model.name) ?? ''
  return {
    name,
    services: toEntries(model.services).map(([service, value]) => toService(service, toObject(value), name)),
    networks: toEntries(model.networks).map(toResource),
    volumes: toEntries(model.volumes).map(toResource),
  }
}

/** Leaves out what is not part of the contract. */
export function toComposeProject({ services, ...project }: ProjectModel): ComposeProject {
  return {
    ...project,
    services: services.map(
      ({ containerName: _name, builtImage: _image, hasHealthcheck: _check, ...service }) => service,
    ),
  }
}

/** Returns the services that `up` starts: those with the given names and those on which they depend, all of them without names. */
export function findStarted(
  { services }: ProjectModel,
  { services: names, dependencies = true }: Pick<ComposeUpOptions, 'services' | 'dependencies'>,
): readonly ServiceModel[] {
  if (names === undefined) return services
  if (!dependencies) return services.filter(({ name }) => names.includes(name))
  const started = new Set<string>()
  const add = (name: string) => {
    if (started.has(name)) return
    started.add(name)
    for (const { service } of services.find((other) => other.name === name)?.dependsOn ?? []) add(service)
  }
  for (const name of names) add(name)
  return services.filter(({ name }) => started.has(name))
}

/** Returns the names of the services that are ready when they have exited with code 0. */
export function findJobs({ services }: ProjectModel, named: readonly string[] = []): ReadonlySet<string> {
  const required = services.flatMap(({ dependsOn }) => dependsOn.filter(({ condition }) => condition === 'completed'))
  return new Set([...named, ...required.map(({ service }) => service)])
}

type Fields = Readonly<Record<string, unknown>>

function parse(text: string): Fields {
  try {
    return toObject(JSON.parse(text))
  } catch {
    throw createHostError('PROTOCOL_ERROR', { operation: 'docker-compose config', excerpt: text.slice(0, 500) })
  }
}

function toService(name: string, fields: Fields, project: string): ServiceModel {
  const image = toText(fields.image)
  const builds = fields.build !== undefined && fields.build !== null
  const { replicas } = toObject(fields.deploy)
  return {
    name,
    image,
    builds,
    replicas: toNumber(fields.scale) ?? toNumber(replicas) ?? 1,
    dependsOn: toEntries(fields.depends_on).map(([service, value]): ComposeDependency => {
      return { service, condition: toCondition(toObject(value).condition) }
    }),
    profiles: Array.isArray(fields.profiles) ? fields.profiles.map(String) : [],
    containerName: toText(fields.container_name),
    builtImage: builds ? (image ?? `${project}-${name}`) : undefined,
    hasHealthcheck: hasHealthcheck(toObject(fields.healthcheck)),
  }
}

function hasHealthcheck({ test, disable }: Fields): boolean {
  return disable !== true && Array.isArray(test) && test[0] !== 'NONE'
}

function toResource([key, value]: readonly [string, unknown]): ComposeResource {
  const { name, external } = toObject(value)
  return { key, name: toText(name) ?? key, external: external === true }
}

function toCondition(condition: unknown): ComposeDependency['condition'] {
  if (condition === 'service_healthy') return 'healthy'
  return condition === 'service_completed_successfully' ? 'completed' : 'started'
}

/** Returns the entries of an object in the order of their keys. */
function toEntries(value: unknown): readonly (readonly [string, unknown])[] {
  return Object.entries(toObject(value)).sort(([a], [b]) => (a < b ? -1 : 1))
}

function toObject(value: unknown): Fields {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Fields) : {} // any object has values by name
}

function toText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function toNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
