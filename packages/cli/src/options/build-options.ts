import { resolve } from 'node:path'
import { createHostError } from '@capstan/core/plugin'
import type { BuildCache } from '@capstan/feature-buildkit'
import { chooseOutput, type OutputOptions } from './build-output.js'
import { parseFields, splitPair } from './key-values.js'
import { createOptionError } from './option-error.js'

/** The options of `capstan build`, as commander parses them. */
export interface BuildCommandOptions extends OutputOptions {
  readonly file?: string
  readonly buildArg?: readonly string[]
  readonly target?: string
  readonly label?: readonly string[]
  readonly platform?: string
  /** False for `--no-cache`. */
  readonly cache: boolean
  /** The values of `--no-cache-filter`. */
  readonly cacheFilter: readonly string[]
  readonly network: 'default' | 'host' | 'none'
  readonly addHost?: readonly string[]
  readonly pull?: boolean
  readonly builder: (typeof builders)[number]
  readonly secret?: readonly string[]
  readonly ssh?: readonly string[]
  readonly buildContext?: readonly string[]
  readonly allow?: readonly string[]
  readonly cacheFrom?: readonly string[]
  readonly cacheTo?: readonly string[]
  readonly progress: 'auto' | 'plain' | 'json' | 'rawjson' | 'quiet'
  readonly quiet?: boolean
  readonly iidfile?: string
  readonly metadataFile?: string
  readonly json?: boolean
}

/**
 * The values of `--builder`. `engine`: the engine's own BuildKit. `sidecar`: BuildKit in a container. `buildkit`: one of them.
 * `runtime`: the builder of the runtime.
 */
export const builders = ['auto', 'engine', 'sidecar', 'buildkit', 'runtime'] as const

/** The source of a build secret: a variable or a file. */
export type SecretSource =
  | { readonly id: string; readonly env: string }
  | { readonly id: string; readonly file: string }

/** Parses `id=token,src=FILE` or `id=token,env=NAME`, as docker does; the ID alone reads the variable of that name. */
export function parseSecret(text: string): SecretSource {
  const { id, src, source = src, env, type, ...others } = parseFields(text)
  const isKnown = Object.keys(others).length === 0 && (type === undefined || type === 'file' || type === 'env')
  if (!isKnown || id === undefined || (source !== undefined && env !== undefined)) {
    throw createOptionError('--secret', 'id=NAME,src=FILE or id=NAME,env=VARIABLE', text)
  }
  return source === undefined ? { id, env: env ?? id } : { id, file: source }
}

/** Parses `ID[=PATH]`, for example `default`. Without a path, the agent is that of SSH_AUTH_SOCK. */
export function parseSsh(text: string): { readonly id: string; readonly path: string | undefined } {
  const [id, path] = splitPair(text)
  if (!/^[\w.-]+$/.test(id) || path === '') throw createOptionError('--ssh', 'default[=SOCKET] or ID[=SOCKET]', text)
  return { id, path }
}

/** The value of a named context: a directory, or a text that BuildKit reads itself. */
export type NamedContext =
  | { readonly name: string; readonly directory: string }
  | { readonly name: string; readonly url: string }

/** Parses `NAME=VALUE`. The value is a directory, the URL of a repository, or `docker-image://REFERENCE`. */
export function parseNamedContext(text: string): NamedContext {
  const [name, value] = splitPair(text)
  const isSupported = name !== '' && value && !value.startsWith('oci-layout://')
  if (!isSupported) {
    throw createOptionError('--build-context', 'NAME=DIRECTORY, NAME=URL or NAME=docker-image://REFERENCE', text)
  }
  return isRemote(value) || /^[a-z-]+:\/\//.test(value) ? { name, url: value } : { name, directory: value }
}

/** Whether BuildKit fetches a context itself, by docker's rules: the URL of a repository or an archive. */
export function isRemote(context: string): boolean {
  return /^(https?|git|ssh):\/\/|^github\.com\/|^[\w.-]+@[\w.-]+:/.test(context)
}

/** Parses `type=…` with the fields of the type. As in docker, a reference alone is a cache in a registry. */
export function parseCache(text: string, { option, cwd }: CacheOptionContext): BuildCache {
  if (text !== '' && !/[=,]/.test(text)) return { type: 'registry', ref: text }
  const { type, ...fields } = parseFields(text)
  // The text can contain a secret, such as the token of a storage service.
  if (!type) {
    const expected = 'REFERENCE or type=TYPE with fields'
    throw createHostError('INVALID_ARGUMENT', { field: option, expected, given: 'a text without a type' })
  }
  if (type !== 'local') return { type, ...fields }
  const paths = Object.entries(fields).map(([key, value]) => [key, isPath(key) && value ? resolve(cwd, value) : value])
  return { type, ...Object.fromEntries(paths) }
}

/** The option of the text, and the directory of relative paths. */
interface CacheOptionContext {
  readonly option: '--cache-from' | '--cache-to'
  readonly cwd: string
}

function isPath(key: string): boolean {
  return key === 'src' || key === 'dest'
}

/** Lists what is given that only BuildKit implements. `context`: the operand of the command. */
export function listBuildKitOptions(options: BuildCommandOptions, context: string): readonly string[] {
  const { secret, ssh, buildContext, allow, cacheFrom, cacheTo, platform = '' } = options
  const output = chooseOutput(options)
  const given: Readonly<Record<string, unknown>> = {
    '--secret': secret,
    '--ssh': ssh,
    '--build-context': buildContext,
    '--allow': allow,
    '--network': options.network !== 'default',
    '--add-host': options.addHost,
    '--no-cache-filter': options.cacheFilter.length > 0,
    '--cache-from': cacheFrom,
    '--cache-to': cacheTo,
    '--push': options.push,
    '--output': output.type !== 'load' && !options.push,
    '--platform': platform.includes(','),
    'a context by URL': isRemote(context),
    [untaggedImage]: output.type === 'load' && output.tags.length === 0,
  }
  return Object.entries(given).flatMap(([name, value]) => (value ? [name] : []))
}

/** What {@link listBuildKitOptions} lists for an image that is loaded without a name. */
export const untaggedImage = 'an image without --tag'
