import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { ComposeSource, ContainerConfig, Healthcheck } from '@capstan/core'
import { createHostError, type StringMap, toErrorText } from '@capstan/core/plugin'
import { type ComposeNode, createFileError, type ToPath } from './compose-node.js'
import { EnvFileError, parseEnvFile } from './env-file.js'
import type { NetworkModel, ProjectModel, ServiceModel, VolumeModel } from './project-model.js'
import { readService } from './read-service.js'
import { readYaml } from './read-yaml.js'
import {
  type HealthcheckSettings,
  mergeServices,
  type NetworkSettings,
  type ServiceSettings,
} from './service-settings.js'

/**
 * Reads the files of a project, merges them and resolves all names.
 *
 * @throws HostError INVALID_ARGUMENT with the file and the place; OPTION_UNSUPPORTED with the path of a setting that the
 * simulation does not support
 */
export async function readProject(
  source: ComposeSource,
  { runtime, services = [] }: ReadOptions,
): Promise<ProjectModel> {
  const { name, directory = source.files && dirname(source.files[0]), profiles = [] } = source
  const env = { COMPOSE_PROJECT_NAME: name, ...(await readVariables(source, directory)), ...source.env }
  const toPath: ToPath = (path) => {
    if (directory !== undefined) return resolve(directory, path)
    if (isAbsolute(path)) return path
    const facts = { field: 'source.directory', expected: 'the directory for relative paths', given: 'undefined' }
    throw createHostError('INVALID_ARGUMENT', facts)
  }
  const texts = await readTexts(source)
  const files = texts.map(({ text, ...file }) => readFileSettings(readYaml(text, { ...file, runtime, env }), toPath))
  const [first, ...others] = files
  if (first === undefined) throw new RangeError('a project has at least one file')
  const merged = others.reduce(mergeFiles, first)
  const isActive = ({ profiles: own }: ServiceSettings, enabled = profiles) =>
    own.length === 0 || own.some((each) => enabled.includes(each) || enabled.includes('*'))
  const named = services.flatMap((name) => merged.services.get(name) ?? []).filter((service) => !isActive(service))
  const enabled = [...profiles, ...named.flatMap((service) => service.profiles)]
  const active = new Map([...merged.services].filter(([, service]) => isActive(service, enabled)))
  if (merged.services.size === 0) throw createFileError(texts[0] ?? { field: 'source' }, 'the project has no services')
  return await resolveProject({ ...merged, services: active }, { name, directory, files: texts, env })
}

interface ReadOptions {
  readonly runtime: string
  /** Services that are started: as in Compose, the profiles of those that are not active become active. */
  readonly services?: readonly string[] | undefined
}

interface FileSettings {
  readonly services: ReadonlyMap<string, ServiceSettings>
  readonly networks: ReadonlyMap<string, ResourceSettings>
  readonly volumes: ReadonlyMap<string, ResourceSettings>
}

/** A network or a volume in a file. */
interface ResourceSettings {
  readonly name?: string
  readonly external?: boolean
  readonly internal?: boolean
  readonly labels: ReadonlyMap<string, string>
}

interface FileText {
  readonly name: string
  readonly field: string
  readonly text: string
}

async function readTexts({ files, content }: ComposeSource): Promise<readonly FileText[]> {
  if (content !== undefined) return [{ name: '-', field: 'source.content', text: content }]
  return await Promise.all(
    (files ?? []).map(async (name, index) => {
      const field = `source.files[${index}]`
      try {
        return { name, field, text: await readFile(name, 'utf8') }
      } catch (error) {
        throw createHostError(
          'INVALID_ARGUMENT',
          { field, expected: 'a file that can be read', given: toErrorText(error) },
          { cause: error },
        )
      }
    }),
  )
}

/** Reads the variables of the files of the source, else of the file `.env` of the project, if there is one. */
async function readVariables({ envFiles, env = {} }: ComposeSource, directory: string | undefined): Promise<StringMap> {
  const given = envFiles?.map((path, index) => ({ path, field: `source.envFiles[${index}]`, required: true }))
  const standard = { path: join(directory ?? '', '.env'), field: 'source.directory', required: false }
  const variables: Record<string, string> = {}
  for (const { path, field, required } of given ?? (directory === undefined ? [] : [standard])) {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (!required && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return ''
      throw createEnvFileError(field, toErrorText(error))
    })
    try {
      Object.assign(variables, parseEnvFile(text, { ...variables, ...env }))
    } catch (error) {
      throw error instanceof EnvFileError ? createEnvFileError(field, `${path}:${error.line}: ${error.message}`) : error
    }
  }
  return variables
}

function createEnvFileError(field: string, problem: string): Error {
  const facts = { field, expected: 'a valid environment file', given: `one with this fault: ${problem}` }
  return createHostError('INVALID_ARGUMENT', facts)
}

function readFileSettings(root: ComposeNode, toPath: ToPath): FileSettings {
  if (root.isNull) return root.reject('a mapping with services')
  root.checkKeys(['version', 'name', 'services', 'networks', 'volumes'], {
    unsupported: ['configs', 'secrets', 'include', 'models'],
  })
  const toMap = <T>(key: string, read: (entry: ComposeNode) => T): ReadonlyMap<string, T> =>
    new Map((root.find(key)?.entries() ?? []).map((entry) => [entry.key, read(entry)]))
  return {
    services: toMap('services', (entry) => readService(checkServiceName(entry), { toPath })),
    networks: toMap('networks', (entry) =>
      readResource(entry, { known: ['internal', 'attachable'], unsupported: ['ipam', 'enable_ipv4', 'enable_ipv6'] }),
    ),
    volumes: toMap('volumes', (entry) => readResource(entry, { known: [], unsupported: [] })),
  }
}

function checkServiceName(node: ComposeNode): ComposeNode {
  if (!/^[A-Za-z0-9._-]+$/.test(node.key)) throw node.fault(`${node.path} is not a valid name of a service`)
  if (node.isNull) return node.reject('a mapping')
  return node
}

function readResource(
  node: ComposeNode,
  { known, unsupported }: { readonly known: readonly string[]; readonly unsupported: readonly string[] },
): ResourceSettings {
  if (node.isNull) return { labels: new Map() }
  node.checkKeys(['name', 'external', 'labels', 'driver', ...known], { unsupported: ['driver_opts', ...unsupported] })
  const [name, external, internal, driver] = ['name', 'external', 'internal', 'driver'].map((key) => node.find(key))
  if (driver !== undefined && !['bridge', 'local', 'default'].includes(driver.text())) throw driver.unsupported()
  const labels = node.find('labels')
  return {
    ...(name && { name: name.text() }),
    ...(external && { external: external.boolean() }),
    ...(internal && { internal: internal.boolean() }),
    labels: labels === undefined ? new Map() : readLabels(labels),
  }
}

function readLabels(node: ComposeNode): ReadonlyMap<string, string> {
  if (node.isMapping) return new Map(node.entries().map((entry) => [entry.key, entry.isNull ? '' : entry.text()]))
  return new Map(
    node.texts().map((text) => {
      const [key = '', ...value] = text.split('=')
      return [key, value.join('=')]
    }),
  )
}

function mergeFiles(earlier: FileSettings, later: FileSettings): FileSettings {
  return {
    services: mergeMaps(earlier.services, later.services, mergeServices),
    networks: mergeMaps(earlier.networks, later.networks, mergeResources),
    volumes: mergeMaps(earlier.volumes, later.volumes, mergeResources),
  }
}

function mergeResources(earlier: ResourceSettings, later: ResourceSettings): ResourceSettings {
  return { ...earlier, ...later, labels: new Map([...earlier.labels, ...later.labels]) }
}

function mergeMaps<T>(
  earlier: ReadonlyMap<string, T>,
  later: ReadonlyMap<string, T>,
  merge: (earlier: T, later: T) => T,
): ReadonlyMap<string, T> {
  const merged = new Map(earlier)
  for (const [key, value] of later) {
    const before = merged.get(key)
    merged.set(key, before === undefined ? value : merge(before, value))
  }
  return merged
}

interface ResolveOptions {
  readonly name: string
  readonly directory: string | undefined
  readonly files: readonly FileText[]
  readonly env: StringMap
}

async function resolveProject(
  { services, networks, volumes }: FileSettings,
  { name, directory, files, env }: ResolveOptions,
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
    files: files.map((file) => file.name),
    services: models,
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
