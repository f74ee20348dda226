import { parseFields } from './key-values.js'
import { createOptionError } from './option-error.js'

/** The value of `--output`, `--push` or `--load`. */
export type OutputChoice =
  /** `names`: the names in the value, beside those of `--tag`. Default: none. */
  | { readonly type: 'load' | 'push'; readonly names?: readonly string[] }
  | { readonly type: 'cache-only' }
  /** `file` is a path; `-` is stdout. */
  | {
      readonly type: 'archive'
      readonly format: 'docker' | 'oci' | 'files'
      readonly file: string
      readonly names?: readonly string[]
    }
  | { readonly type: 'directory'; readonly directory: string }

/**
 * Returns the destination of the result. The default is to load the image into the runtime.
 *
 * @throws HostError INVALID_ARGUMENT for several outputs, and for a value that {@link parseBuildOutput} rejects.
 */
export function chooseOutput({ output = [], push, load }: OutputOptions): OutputChoice {
  const given = [...output, ...(push ? ['push'] : []), ...(load ? ['load'] : [])]
  const [first = 'load', second] = given
  if (second !== undefined) throw createOptionError('--output', 'one output', given.join(' '))
  return parseBuildOutput(first)
}

/** The options of `capstan build` that name the destination. */
export interface OutputOptions {
  readonly output?: readonly string[]
  readonly push?: boolean
  readonly load?: boolean
}

/**
 * Parses a value of `--output` in docker's syntax: `type=…` with fields, a directory, or `-` for an archive of the files on
 * stdout. The words `load`, `push` and `cache-only` are short for the types `docker`, `registry` and `cacheonly`.
 *
 * @throws HostError INVALID_ARGUMENT for an unknown type or field, and for a missing destination.
 */
export function parseBuildOutput(text: string): OutputChoice {
  if (text === 'load' || text === 'push' || text === 'cache-only') return { type: text }
  if (text === '-') return { type: 'archive', format: 'files', file: '-' }
  if (text !== '' && !text.includes('=') && !text.includes(',')) return { type: 'directory', directory: text }
  const { type = '', ...fields } = parseFields(text)
  const choice = toChoice(type, fields)
  if (choice === undefined) throw createOptionError('--output', expected, text)
  return choice
}

type Fields = Readonly<Record<string, string | undefined>>

function toChoice(type: string, { dest, name, push = 'false', ...others }: Fields): OutputChoice | undefined {
  if (Object.keys(others).length > 0 || dest === '' || !/^(true|false)$/.test(push)) return undefined
  const names = name ? { names: name.split(',') } : {}
  const hasPlace = dest !== undefined
  switch (type) {
    case 'docker':
      return hasPlace ? { type: 'archive', format: type, file: dest, ...names } : { type: 'load', ...names }
    case 'oci':
      return hasPlace ? { type: 'archive', format: type, file: dest, ...names } : undefined
    case 'tar':
    case 'files':
      return hasPlace && !name ? { type: 'archive', format: 'files', file: dest } : undefined
    case 'local':
      return hasPlace && !name ? { type: 'directory', directory: dest } : undefined
    case 'image':
      return hasPlace ? undefined : { type: push === 'true' ? 'push' : 'load', ...names }
    case 'registry':
      return hasPlace ? undefined : { type: 'push', ...names }
    case 'cacheonly':
      return hasPlace || name ? undefined : { type: 'cache-only' }
    default:
      return undefined
  }
}

const expected =
  'a directory, "-", load, push, cache-only, type=docker[,dest=FILE], type=oci|tar,dest=FILE, type=local,dest=DIRECTORY, ' +
  'type=image[,name=NAME][,push=true], type=registry or type=cacheonly'

/** Whether the result is an image with tags. */
export function isTagged(output: OutputChoice): boolean {
  if (output.type === 'archive') return output.format !== 'files'
  return output.type === 'load' || output.type === 'push'
}
