import type { Readable } from 'node:stream'
import type { ImageTransfer, OperationOptions, PullOptions } from '@capstan/core'
import { validateImageReference } from '@capstan/core/plugin'
import type { DockerEngine } from './engine/docker-engine.js'
import { loadImages } from './images/load-images.js'
import { pullImage } from './images/pull-image.js'
import { saveImage } from './images/save-image.js'

/** Pulls, saves and loads images on a Docker Engine. */
export class DockerImageTransfer implements ImageTransfer {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async pullImage(reference: string, options: PullOptions = {}): Promise<string> {
    validateImageReference(reference)
    return await this.#engine.run('pullImage', reference, options, (call) =>
      pullImage(this.#engine, reference, { ...options, ...call }),
    )
  }

  async loadImages(tar: AsyncIterable<Uint8Array>, options: OperationOptions = {}): Promise<readonly string[]> {
    return await this.#engine.run('loadImages', 'the archive', options, (call) => loadImages(this.#engine, tar, call))
  }

  async saveImage(reference: string, options?: OperationOptions): Promise<Readable> {
    validateImageReference(reference, 'reference')
    return await saveImage(this.#engine, reference, options)
  }
}
