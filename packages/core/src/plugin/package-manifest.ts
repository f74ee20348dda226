import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toErrorText } from '../errors/message.js'

/** The fields that are read from a package.json. A field of another type is treated as absent. */
export interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly main?: string
  readonly exports?: unknown
}

/** Reads the package.json of a folder; `undefined` if there is none. Throws if it is not readable or not a JSON object. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, 'package.json')
  try {
    return toManifest(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw new Error(`${path}: ${toErrorText(error)}`, { cause: error })
  }
}

/** Whether an error of the file system means that the file does not exist. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

function toManifest(json: unknown): Manifest {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error('is not a JSON object')
  const fields = new Map<string, unknown>(Object.entries(json))
  const texts = (['name', 'version', 'main'] as const).flatMap((field) => {
    const value = fields.get(field)
    return typeof value === 'string' ? [[field, value]] : []
  })
  return { ...Object.fromEntries(texts), exports: fields.get('exports') ?? undefined }
}
