import { parseFields } from './key-values.js'
import { createOptionError } from './option-error.js'

/** The options of `capstan build`, as commander parses them. */
export interface BuildCommandOptions {
  /** Absent only with an output that is not an image. */
  readonly tag?: readonly string[]
  readonly file?: string
  readonly buildArg?: readonly string[]
  readonly target?: string
  readonly label?: readonly string[]
  readonly platform?: string
  /** False for `--no-cache`. */
  readonly cache: boolean
  readonly pull?: boolean
  readonly builder: 'auto' | 'buildkit' | 'runtime'
  readonly secret?: readonly string[]
  readonly output?: string
  readonly cacheFrom?: readonly string[]
  readonly cacheTo?: readonly string[]
  readonly progress: 'auto' | 'plain' | 'json' | 'rawjson' | 'quiet'
  readonly json?: boolean
}

/** The value of `--output`. */
export type OutputChoice =
  | { readonly type: 'load' | 'push' | 'cache-only' }
  | { readonly type: 'archive'; readonly format: 'docker' | 'oci' | 'files'; readonly file: string }

/** @throws HostError INVALID_ARGUMENT for any other text. */
export function parseBuildOutput(text: string): OutputChoice {
  if (text === 'load' || text === 'push' || text === 'cache-only') return { type: text }
  const { type, dest, ...others } = parseFields(text)
  const isArchive = type === 'docker' || type === 'oci' || type === 'files'
  if (isArchive && dest && Object.keys(others).length === 0) return { type: 'archive', format: type, file: dest }
  throw createOptionError('--output', 'load, push, cache-only, or type=docker|oci|files,dest=FILE', text)
}

/** Whether the result is an image with tags. */
export function isTagged(output: OutputChoice): boolean {
  return output.type === 'archive' ? output.format !== 'files' : output.type !== 'cache-only'
}

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

/** Lists the given options that only BuildKit implements. */
export function listBuildKitOptions(options: BuildCommandOptions): readonly string[] {
  const { secret, cacheFrom, cacheTo, output = 'load', platform = '' } = options
  return [
    ...(secret === undefined ? [] : ['--secret']),
    ...(cacheFrom === undefined ? [] : ['--cache-from']),
    ...(cacheTo === undefined ? [] : ['--cache-to']),
    ...(output === 'load' ? [] : ['--output']),
    ...(platform.includes(',') ? ['--platform'] : []),
  ]
}
