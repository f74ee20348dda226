import {
  type CommitOptions,
  type ImageHistoryEntry,
  type ImageInspection,
  type ImageManager,
  imageManagerCapability,
  type OperationOptions,
} from '@capstan/core'
import { validateCommit, validateId, validateImageReference, validateImageTag } from '@capstan/core/plugin'
import { toCommittedContent } from './images/commit-container.js'
import { toImageHistory, toImageInspection } from './images/state/stored-image.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'

/** Manages simulated images. A commit takes the files at one instant, so that `pause` has no effect. */
export class MemoryImageManager implements ImageManager {
  readonly #context: MemoryRuntimeContext

  constructor(context: MemoryRuntimeContext) {
    this.#context = context
  }

  async inspectImage(image: string, options: OperationOptions = {}): Promise<ImageInspection> {
    validateImageReference(image)
    const { images } = this.#context.engine
    return await this.#context.call('inspectImage', options, () => toImageInspection(images.require(image)))
  }

  async tagImage(image: string, tag: string, options: OperationOptions = {}): Promise<void> {
    validateImageReference(image)
    validateImageTag(tag)
    const { images } = this.#context.engine
    await this.#context.call('tagImage', options, ({ undo }) => {
      const found = images.require(image)
      images.addTagged(found, { tags: [tag], createdAt: found.createdAt, undo })
    })
  }

  async imageHistory(image: string, options: OperationOptions = {}): Promise<readonly ImageHistoryEntry[]> {
    validateImageReference(image)
    const { images } = this.#context.engine
    return await this.#context.call('imageHistory', options, () => toImageHistory(images.require(image)))
  }

  async commitContainer(id: string, options: CommitOptions = {}): Promise<string> {
    validateId(id)
    validateCommit(options)
    this.#context.checkOption(imageManagerCapability, 'commit', id)
    const { engine } = this.#context
    return await this.#context.call('commitContainer', options, ({ undo }) => {
      const content = toCommittedContent(this.#context, engine.containers.require(id), options)
      const tags = options.tag === undefined ? [] : [options.tag]
      return engine.images.addTagged(content, { tags, createdAt: engine.now(), undo }).id
    })
  }
}
