import { createHash } from 'node:crypto'
import type { ImageHistoryEntry, ImageInfo, ImageInspection } from '@capstan/core'
import type { LabelledImageConfig } from '@capstan/core/plugin'
import { type FileEntry, sizeOfFiles } from '../../simulation/files/file-map.js'
import type { ImageContent } from '../../simulation/image-content.js'

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
  return { id, tags: [...tags], digests: [], sizeBytes: sizeOfFiles(files), createdAt, labels: config.labels }
}

/** Converts an image to its details. Its files are one layer, whose digest is that of the image. */
export function toImageInspection(image: StoredImage): ImageInspection {
  const { labels: _, ...config } = image.config
  const { author = '' } = image
  const platform = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`
  return { ...toImageInfo(image), platform, layers: [image.id], author, config }
}

/** Converts the steps of an image to its history, the last one first. */
export function toImageHistory({ id, createdAt, history }: StoredImage): readonly ImageHistoryEntry[] {
  return history
    .map((step, index) => {
      const isLast = index === history.length - 1
      return { ...step, id: isLast ? id : undefined, createdAt: step.createdAt ?? createdAt }
    })
    .toReversed()
}

function toSorted(config: LabelledImageConfig): unknown {
  const { env, labels, ...rest } = config
  return { ...rest, env: Object.entries(env).sort(), labels: Object.entries(labels).sort() }
}

function toHashInput(path: string, entry: FileEntry | undefined): unknown {
  if (entry?.type !== 'file') return [path, entry]
  return [path, entry.mode, createHash('sha256').update(entry.bytes).digest('hex')]
}
