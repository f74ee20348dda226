import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { ComposeSource } from '@capstan/core'
import { createHostError, type StringMap, toErrorText } from '@capstan/core/plugin'
import { type ComposeNode, createFileError, type ToPath } from './compose-node.js'
import { EnvFileError, parseEnvFile } from './env-file.js'
import type { ProjectModel } from './project-model.js'
import { readLabels, readService } from './read-service.js'
import { readYaml } from './read-yaml.js'
import { type FileSettings, type ResourceSettings, resolveProject } from './resolve-project.js'
import { mergeServices, type ServiceSettings } from './service-settings.js'

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
  const { name, directory = source.files && dirname(source.files[0]) } = source
  const env = { ...(await readVariables(source, directory)), ...source.env, COMPOSE_PROJECT_NAME: name }
  const profiles = findProfiles(source, env)
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
  return await resolveProject(
    { ...merged, services: active },
    {
      ...{ name, directory, env },
      serviceNames: new Set(merged.services.keys()),
      files: texts.map((file) => file.name),
    },
  )
}

/** As in Compose, the variable counts where no profiles are given. */
function findProfiles({ profiles = [] }: ComposeSource, { COMPOSE_PROFILES: text = '' }: StringMap): readonly string[] {
  if (profiles.length > 0) return profiles
  const names = text.split(',').map((name) => name.trim())
  return names.filter((name) => name !== '')
}

interface ReadOptions {
  readonly runtime: string
  /** Services that are started: as in Compose, the profiles of those that are not active become active. */
  readonly services?: readonly string[] | undefined
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
