import { Readable } from 'node:stream'
import type { ImageTransfer, OperationOptions, PullOptions } from '@capstan/core'
import { validateImageReference } from '@capstan/core/plugin'
import { pullImage } from './images/pull-image.js'
import { toShortReference } from './images/state/image-store.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'

/** Pulls simulated images, and saves and loads them as docker archives. */
export class MemoryImageTransfer implements ImageTransfer {
  readonly #context: MemoryRuntimeContext

  constructor(context: MemoryRuntimeContext) {
    this.#context = context
  }

  async pullImage(reference: string, options: PullOptions = {}): Promise<string> {
    validateImageReference(reference, 'reference')
    const { id } = await pullImage(this.#context, reference, options)
    return id
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
    const { images } = this.#context.engine
    return await this.#context.call('saveImage', options, async () => {
      const { saveImage } = await import('./images/archive/save-image.js')
      const image = images.require(reference)
      const tag = toShortReference(reference)
      const chunks = saveImage(image, image.tags.has(tag) ? [tag] : [])
      return Readable.from(this.#context.stream(chunks, options), { objectMode: false })
    })
  }
}
