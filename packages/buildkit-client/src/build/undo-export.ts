import type { ImageInfo, OperationOptions } from '@capstan/core'
import { toFullName } from '@capstan/core/plugin'
import type { BuildProgressEvent } from './build-progress-event.js'
import type { RuntimeImages } from './build-result.js'

/**
 * Undoes the export of an image into an engine by an aborted build. An engine completes an export that has begun, also when the
 * client cancels the build.
 */
export class UndoExport {
  readonly #runtime: RuntimeImages
  readonly #findNew: FindNewImages
  /** The digests of the exported image, of which one is the id that the engine uses. */
  readonly #digests = new Set<string>()

  /** Finds out what exists before the build: which of the tags, or without tags which images. */
  static async create(runtime: RuntimeImages, tags: readonly string[], options: OperationOptions): Promise<UndoExport> {
    const findNew = tags.length > 0 ? findNewTags(runtime, tags, options) : findNewIds(runtime, options)
    return new UndoExport(runtime, await findNew)
  }

  private constructor(runtime: RuntimeImages, findNew: FindNewImages) {
    this.#runtime = runtime
    this.#findNew = findNew
  }

  push(events: readonly BuildProgressEvent[]): void {
    for (const event of events) {
      const [, digest] = (event.type === 'status' && exported.exec(event.id)) || []
      if (digest !== undefined) this.#digests.add(digest)
    }
  }

  /**
   * Removes the tags that did not exist before the build, and with the last one the image. A tag of an earlier image is kept: it
   * refers to the new one, and the engine may have removed the earlier one.
   */
  async run(options: OperationOptions): Promise<void> {
    if (this.#digests.size === 0) return
    const built = (await this.#runtime.listImages(options)).filter(({ id }) => this.#digests.has(id))
    for (const reference of built.flatMap(this.#findNew)) await this.#runtime.removeImage(reference, options)
  }
}

/** Returns what to remove of an image that was built. */
type FindNewImages = (image: ImageInfo) => readonly string[]

async function findNewTags(
  runtime: RuntimeImages,
  tags: readonly string[],
  options: OperationOptions,
): Promise<FindNewImages> {
  const exist = await Promise.all(tags.map((tag) => runtime.imageExists(tag, options)))
  const newTags = tags.filter((_, index) => exist[index] === false)
  return (image) => newTags.filter((tag) => image.tags.some((one) => toFullName(one) === toFullName(tag)))
}

async function findNewIds(runtime: RuntimeImages, options: OperationOptions): Promise<FindNewImages> {
  const before = new Set((await runtime.listImages(options)).map(({ id }) => id))
  return ({ id, tags }) => (before.has(id) || tags.length > 0 ? [] : [id])
}

/** The progress of exporters: https://github.com/moby/buildkit/blob/v0.32.2/exporter/containerimage/writer.go */
const exported = /^(?:writing image|exporting manifest|exporting manifest list) (sha256:[0-9a-f]{64})$/
