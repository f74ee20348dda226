import { createHash } from 'node:crypto'
import type { ImageInfo } from '@capstan/core'
import type { FileEntry } from '../../simulation/files/file-map.js'
import type { ImageConfig, ImageContent } from '../../simulation/image-content.js'

/** An image in the store. */
export interface StoredImage extends ImageContent {
  /** `sha256:…` of the content: equal content has the same id. */
  readonly id: string
  readonly createdAt: Date
  readonly tags: Set<string>
}

/** Computes the id of an image. The order of files, variables and labels does not matter. */
export function toImageId({ config, files, programs }: ImageContent): string {
  const hash = createHash('sha256').update(JSON.stringify([toSorted(config), programs.key]))
  for (const path of [...files.keys()].sort()) hash.update(JSON.stringify(toHashInput(path, files.get(path))))
  return `sha256:${hash.digest('hex')}`
}

/** Converts an image to its entry in a list. Its size is the size of its files. */
export function toImageInfo({ id, tags, createdAt, config, files }: StoredImage): ImageInfo {
  const sizes = [...files.values()].map((entry) => (entry.type === 'file' ? entry.bytes.length : 0))
  const sizeBytes = sizes.reduce((sum, size) => sum + size, 0)
  return { id, tags: [...tags], sizeBytes, createdAt, labels: config.labels }
}

function toSorted(config: ImageConfig): unknown {
  const { env, labels, ...rest } = config
  return { ...rest, env: Object.entries(env).sort(), labels: Object.entries(labels).sort() }
}

function toHashInput(path: string, entry: FileEntry | undefined): unknown {
  if (entry?.type !== 'file') return [path, entry]
  return [path, entry.mode, createHash('sha256').update(entry.bytes).digest('hex')]
}
