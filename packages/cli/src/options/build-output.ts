import type { BuildOutput } from '@capstan/feature-buildkit'
import { parseFields } from './key-values.js'
import { createOptionError } from './option-error.js'

/** The destination of a build, as in a request. An archive has a path instead of a stream; `-` is stdout. */
export type OutputChoice = Exclude<BuildOutput, ArchiveOutput> | (Omit<ArchiveOutput, 'to'> & { readonly to: string })

type ArchiveOutput = Extract<BuildOutput, { readonly type: 'archive' }>

/**
 * Returns the destination of the result. The default is to load the image into the runtime. An image has the names of `--tag` and
 * those in the value.
 *
 * @throws HostError INVALID_ARGUMENT for several outputs, and for a value that {@link parseBuildOutput} rejects.
 */
export function chooseOutput({ tag = [], output = [], push, load }: OutputOptions): OutputChoice {
  const given = [...output, ...(push ? ['push'] : []), ...(load ? ['load'] : [])]
  const [first = 'load', second] = given
  if (second !== undefined) throw createOptionError('--output', 'one output', given.join(' '))
  const choice = parseBuildOutput(first)
  return 'tags' in choice ? { ...choice, tags: [...tag, ...(choice.tags ?? [])] } : choice
}

/** The options of `capstan build` that name the result and its destination. */
export interface OutputOptions {
  readonly tag?: readonly string[]
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
  if (text === 'load' || text === 'push') return { type: text, tags: [] }
  if (text === 'cache-only') return { type: text }
  if (text === '-') return { type: 'archive', format: 'files', to: '-' }
  if (text !== '' && !text.includes('=') && !text.includes(',')) return { type: 'directory', to: text }
  const { type = '', ...fields } = parseFields(text)
  const choice = toChoice(type, fields)
  if (choice === undefined) throw createOptionError('--output', expected, text)
  return choice
}

type Fields = Readonly<Record<string, string | undefined>>

function toChoice(type: string, { [insecureKey]: insecure, ...fields }: Fields): OutputChoice | undefined {
  const choice = toSecureChoice(type, fields)
  if (insecure === undefined) return choice
  if (choice?.type !== 'push' || !isBoolean(insecure)) return undefined
  return { ...choice, insecure: insecure === 'true' }
}

function toSecureChoice(type: string, { dest, name, push = 'false', ...others }: Fields): OutputChoice | undefined {
  if (Object.keys(others).length > 0 || dest === '' || !isBoolean(push)) return undefined
  const tags = name ? name.split(',') : []
  const hasPlace = dest !== undefined
  switch (type) {
    case 'docker':
      return hasPlace ? { type: 'archive', format: type, to: dest, tags } : { type: 'load', tags }
    case 'oci':
      return hasPlace ? { type: 'archive', format: type, to: dest, tags } : undefined
    case 'tar':
    case 'files':
      return hasPlace && !name ? { type: 'archive', format: 'files', to: dest } : undefined
    case 'local':
      return hasPlace && !name ? { type: 'directory', to: dest } : undefined
    case 'image':
      return hasPlace ? undefined : { type: push === 'true' ? 'push' : 'load', tags }
    case 'registry':
      return hasPlace ? undefined : { type: 'push', tags }
    case 'cacheonly':
      return hasPlace || name ? undefined : { type: 'cache-only' }
    default:
      return undefined
  }
}

function isBoolean(text: string): boolean {
  return text === 'true' || text === 'false'
}

const insecureKey = 'registry.insecure'
const expected =
  'a directory, "-", load, push, cache-only, type=docker[,dest=FILE], type=oci|tar,dest=FILE, type=local,dest=DIRECTORY, ' +
  'type=image[,name=NAME][,push=true], type=registry[,registry.insecure=true] or type=cacheonly'
