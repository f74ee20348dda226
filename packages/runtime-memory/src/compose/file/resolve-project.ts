import { readFile } from 'node:fs/promises'
import type { ContainerConfig, Healthcheck } from '@capstan/core'
import { type StringMap, toErrorText } from '@capstan/core/plugin'
import { EnvFileError, parseEnvFile } from './env-file.js'
import type { NetworkModel, ProjectModel, ServiceModel, VolumeModel } from './project-model.js'
import type { HealthcheckSettings, NetworkSettings, ServiceSettings } from './service-settings.js'

/** What the files of a project say, merged. */
export interface FileSettings {
  readonly services: ReadonlyMap<string, ServiceSettings>
  readonly networks: ReadonlyMap<string, ResourceSettings>
  readonly volumes: ReadonlyMap<string, ResourceSettings>
}

/** A network or a volume in a file. */
export interface ResourceSettings {
  readonly name?: string
  readonly external?: boolean
  readonly internal?: boolean
  readonly labels: ReadonlyMap<string, string>
}

interface ResolveOptions {
  readonly name: string
  readonly directory: string | undefined
  /** Their names. */
  readonly files: readonly string[]
  readonly env: StringMap
  /** Of all services, also those that are not active. */
  readonly serviceNames: ReadonlySet<string>
}

/** Returns the model of a project: resolves names, and checks that services do not contradict each other. */
export async function resolveProject(
  { services, networks, volumes }: FileSettings,
  { name, directory, files, env, serviceNames }: ResolveOptions,
): Promise<ProjectModel> {
  const toResource = (key: string, { name: given, external = false, labels }: ResourceSettings) => ({
    key,
    name: given ?? (external ? key : `${name}_${key}`),
    external,
    labels: Object.fromEntries(labels),
  })
  const allNetworks = new Map([['default', { labels: new Map() }] as const, ...networks])
  const networkModels = new Map<string, NetworkModel>(
    [...allNetworks].map(([key, settings]) => [
      key,
      { ...toResource(key, settings), internal: settings.internal ?? false },
    ]),
  )
  const volumeModels = new Map<string, VolumeModel>(
    [...volumes].map(([key, settings]) => [key, toResource(key, settings)]),
  )
  // As in Compose, networks and volumes that no active service uses do not belong to the project.
  const usedNetworks = new Set<string>()
  const usedVolumes = new Set<string>()
  const models = new Map<string, ServiceModel>()
  for (const [key, service] of toSorted(services)) {
    checkDependencies(key, service, services)
    for (const network of service.networks.keys()) usedNetworks.add(network)
    if (service.networks.size === 0) usedNetworks.add('default')
    for (const { mount } of service.mounts.values()) if (mount.type === 'volume') usedVolumes.add(mount.source)
    models.set(key, await resolveService(key, service, { networks: networkModels, volumes: volumeModels, env }))
  }
  checkCycle(models, services)
  return {
    name,
    directory,
    files,
    services: models,
    serviceNames,
    networks: toSorted(networkModels).flatMap(([key, network]) => (usedNetworks.has(key) ? [network] : [])),
    volumes: toSorted(volumeModels).flatMap(([key, volume]) => (usedVolumes.has(key) ? [volume] : [])),
  }
}

function toSorted<T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...map].toSorted(([one], [other]) => (one < other ? -1 : 1))
}

function checkDependencies(
  key: string,
  { dependsOn }: ServiceSettings,
  services: ReadonlyMap<string, ServiceSettings>,
): void {
  for (const [dependency, { node, required }] of dependsOn) {
    if (!required || services.has(dependency)) continue
    throw node.fault(`service "${key}" depends on service "${dependency}", which does not exist or is not active`)
  }
}

function checkCycle(models: ReadonlyMap<string, ServiceModel>, services: ReadonlyMap<string, ServiceSettings>): void {
  const finished = new Set<string>()
  const visit = (key: string, path: readonly string[]): void => {
    if (finished.has(key)) return
    if (path.includes(key)) {
      const cycle = [...path.slice(path.indexOf(key)), key].join(' → ')
      const node = services.get(key)?.node
      throw node?.fault(`the services depend on each other: ${cycle}`) ?? new Error(cycle)
    }
    for (const { service } of models.get(key)?.dependsOn ?? []) visit(service, [...path, key])
    finished.add(key)
  }
  for (const key of models.keys()) visit(key, [])
}

interface Resources {
  readonly networks: ReadonlyMap<string, NetworkModel>
  readonly volumes: ReadonlyMap<string, VolumeModel>
  readonly env: StringMap
}

async function resolveService(key: string, service: ServiceSettings, resources: Resources): Promise<ServiceModel> {
  const { node, image, scale: replicas = 1, containerName, dependsOn, profiles, hasBuild } = service
  if (hasBuild) throw (node.find('build') ?? node).unsupported('the simulation of Compose builds no images')
  if (image === undefined) throw node.fault(`${node.path} has no image`)
  if (containerName !== undefined && replicas > 1)
    throw node.fault(`${node.path} has a container_name and several containers`)
  return {
    name: key,
    config: await toConfig(key, { ...service, image }, resources),
    replicas,
    profiles,
    dependsOn: [...dependsOn]
      .map(([dependency, { condition }]) => ({ service: dependency, condition }))
      .toSorted((one, other) => (one.service < other.service ? -1 : 1)),
  }
}

async function toConfig(
  key: string,
  service: ServiceSettings & { readonly image: string },
  resources: Resources,
): Promise<ContainerConfig> {
  const { node, image, containerName: name, command, entrypoint, ports, labels } = service
  const { user, hostname, workingDirectory, stopSignal, platform, tty, interactive, init } = service
  const { readOnlyRootFilesystem, restartPolicy } = service
  const optional = {
    name,
    // An entrypoint of the file also removes the command of the image.
    command: command ?? (entrypoint === undefined ? undefined : []),
    entrypoint,
    user,
    hostname,
    workingDirectory,
    stopSignal,
    platform,
    tty,
    interactive,
    init,
    readOnlyRootFilesystem,
    restartPolicy,
    healthcheck: toHealthcheck(service.healthcheck),
  }
  const given = Object.entries(optional).filter(([, value]) => value !== undefined)
  const toJoin = ([network, { aliases, ipAddress }]: readonly [string, Omit<NetworkSettings, 'node'>]) => {
    const found = resources.networks.get(network)
    if (found === undefined) throw node.fault(`service "${key}" uses network "${network}", which does not exist`)
    const all = [...new Set([key, ...aliases])]
    return { networkId: found.name, aliases: all, ...(ipAddress !== undefined && { ipAddress }) }
  }
  const [first = ['default', defaultJoin] as const, ...others] = service.networks
  return {
    image,
    ...Object.fromEntries(given),
    ports,
    labels: Object.fromEntries(labels),
    env: await toEnvironment(service, resources.env),
    network: { mode: 'networks', networks: [toJoin(first), ...others.map(toJoin)] },
    mounts: [...service.mounts.values()].map(({ node: place, mount }) => {
      if (mount.type !== 'volume') return mount
      const volume = resources.volumes.get(mount.source)
      if (volume === undefined) throw place.fault(`${place.path} uses volume "${mount.source}", which does not exist`)
      return { ...mount, source: volume.name }
    }),
  }
}

/** How a service without `networks` joins the default network of the project. */
const defaultJoin: Omit<NetworkSettings, 'node'> = { aliases: [], ipAddress: undefined }

function toHealthcheck(settings: HealthcheckSettings | undefined): Healthcheck | undefined {
  if (settings === undefined) return undefined
  const { node, isDisabled, command, ...times } = settings
  if (isDisabled) return 'none'
  if (command === undefined) throw node.unsupported('it has no test, and that of the image cannot be changed')
  return { command, ...times }
}

/** Merges the variables of the environment files and those of the file. A name without a value takes that of the project. */
async function toEnvironment({ envFiles, environment }: ServiceSettings, env: StringMap): Promise<StringMap> {
  const variables: Record<string, string> = {}
  for (const { node, path, required } of envFiles) {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' && !required) return ''
      throw node.fault(`${node.path} cannot be read: ${toErrorText(error)}`)
    })
    try {
      Object.assign(variables, parseEnvFile(text, env))
    } catch (error) {
      throw error instanceof EnvFileError ? node.fault(`${path}:${error.line}: ${error.message}`) : error
    }
  }
  for (const [name, value] of environment) {
    const found = value ?? (Object.hasOwn(env, name) ? env[name] : undefined)
    if (found !== undefined) variables[name] = found
  }
  return variables
}
