import { createHash } from 'node:crypto'
import type { ImageInfo } from '@capstan/core'
import type { Argv, StringMap } from '@capstan/core/plugin'
import type { FileEntry, ReadonlyFileMap } from '../../simulation/files/file-map.js'
import type { MemoryProgram } from '../../simulation/memory-program.js'

/** How containers of an image run, unless their own config says otherwise. */
export interface ImageConfig {
  readonly env: StringMap
  readonly user: string
  readonly workingDirectory: string
  readonly entrypoint: Argv
  readonly command: Argv
  readonly labels: StringMap
}

/** The programs of an image, which no archive can hold: `key` names them. */
export interface ImagePrograms {
  readonly key: string
  readonly main: MemoryProgram | undefined
  readonly commands: ReadonlyMap<string, MemoryProgram>
}

/** All that makes an image what it is: two with the same content are one. */
export interface ImageContent {
  readonly config: ImageConfig
  readonly files: ReadonlyFileMap
  readonly programs: ImagePrograms
}

/** An image as the store keeps it. */
export interface StoredImage extends ImageContent {
  /** `sha256:…` over the content: the same content is the same image. */
  readonly id: string
  readonly createdAt: Date
  readonly tags: Set<string>
}

/** The id of the content, whatever order its parts came in. */
export function toImageId({ config, files, programs }: ImageContent): string {
  const hash = createHash('sha256').update(JSON.stringify([toSorted(config), programs.key]))
  for (const path of [...files.keys()].sort()) hash.update(JSON.stringify(toDigest(path, files.get(path))))
  return `sha256:${hash.digest('hex')}`
}

/** The image as a list shows it; its size is that of its files. */
export function toImageInfo({ id, tags, createdAt, config, files }: StoredImage): ImageInfo {
  const sizes = [...files.values()].map((entry) => (entry.type === 'file' ? entry.bytes.length : 0))
  const sizeBytes = sizes.reduce((sum, size) => sum + size, 0)
  return { id, tags: [...tags], sizeBytes, createdAt, labels: config.labels }
}

/** What no image sets. */
export const emptyImageConfig: ImageConfig = {
  env: {},
  user: '',
  workingDirectory: '/',
  entrypoint: [],
  command: [],
  labels: {},
}

/** Of an image that is files alone: the commands of the plugin run in it. */
export const noPrograms: ImagePrograms = { key: '', main: undefined, commands: new Map() }

function toSorted(config: ImageConfig): unknown {
  const { env, labels, ...rest } = config
  return { ...rest, env: Object.entries(env).sort(), labels: Object.entries(labels).sort() }
}

function toDigest(path: string, entry: FileEntry | undefined): unknown {
  if (entry?.type !== 'file') return [path, entry]
  return [path, entry.mode, createHash('sha256').update(entry.bytes).digest('hex')]
}
