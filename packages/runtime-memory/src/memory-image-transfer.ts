import { Readable } from 'node:stream'
import type { ImageTransfer, OperationOptions, PullOptions, PushOptions } from '@capstan/core'
import { validateImageReference, validateImageReferences, validatePull, validatePush } from '@capstan/core/plugin'
import { pullImage } from './images/pull-image.js'
import { pushImage } from './images/push-image.js'
import { toShortReference } from './images/state/image-store.js'
import type { StoredImage } from './images/state/stored-image.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'

/** Pulls and pushes simulated images, and saves and loads them as docker archives. */
export class MemoryImageTransfer implements ImageTransfer {
  readonly #context: MemoryRuntimeContext

  constructor(context: MemoryRuntimeContext) {
    this.#context = context
  }

  async pullImage(reference: string, options: PullOptions = {}): Promise<string> {
    validatePull(reference, options)
    const { id } = await pullImage(this.#context, reference, options)
    return id
  }

  async pushImage(reference: string, options: PushOptions = {}): Promise<string | undefined> {
    validatePush(reference, options)
    return await pushImage(this.#context, reference, options)
  }

  async loadImages(tar: AsyncIterable<Uint8Array>, options: OperationOptions = {}): Promise<readonly string[]> {
    return await this.#context.call('loadImages', options, async (call) => {
      // Loaded at the first use, because few applications need tar-stream.
      const { loadImages } = await import('./images/archive/load-images.js')
      return await loadImages(this.#context.engine, tar, call)
    })
  }

  async saveImage(reference: string, options: OperationOptions = {}): Promise<Readable> {
    validateImageReference(reference, 'reference')
    return await this.#save('saveImage', [reference], options)
  }

  async saveImages(references: readonly string[], options: OperationOptions = {}): Promise<Readable> {
    validateImageReferences(references)
    return await this.#save('saveImages', references, options)
  }

  /** An image that several references name is saved once, with all of the tags among them. */
  async #save(operation: string, references: readonly string[], options: OperationOptions): Promise<Readable> {
    const { images } = this.#context.engine
    return await this.#context.call(operation, options, async () => {
      const { saveImages } = await import('./images/archive/save-images.js')
      const tags = new Map<StoredImage, Set<string>>()
      for (const reference of references) {
        const image = images.require(reference)
        const tag = toShortReference(reference)
        tags.set(image, new Set([...(tags.get(image) ?? []), ...(image.tags.has(tag) ? [tag] : [])]))
      }
      const saved = [...tags].map(([image, names]) => ({ image, tags: [...names] }))
      return Readable.from(this.#context.stream(saveImages(saved), options), { objectMode: false })
    })
  }
}
