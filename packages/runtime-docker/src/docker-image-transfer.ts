import type { Readable } from 'node:stream'
import type { ImageTransfer, OperationOptions, PullOptions, PushOptions } from '@capstan/core'
import { validateImageReference, validateImageReferences, validatePull, validatePush } from '@capstan/core/plugin'
import type { DockerEngine } from './engine/docker-engine.js'
import { loadImages } from './images/load-images.js'
import { pullImage } from './images/pull-image.js'
import { pushImage } from './images/push-image.js'
import { saveImages } from './images/save-images.js'

/** Pulls, pushes, saves and loads images on a Docker Engine. */
export class DockerImageTransfer implements ImageTransfer {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async pullImage(reference: string, options: PullOptions = {}): Promise<string> {
    validatePull(reference, options)
    return await this.#engine.run('pullImage', reference, options, (call) =>
      pullImage(this.#engine, reference, { ...options, ...call }),
    )
  }

  async pushImage(reference: string, options: PushOptions = {}): Promise<string | undefined> {
    validatePush(reference, options)
    return await this.#engine.run('pushImage', reference, options, (call) =>
      pushImage(this.#engine, reference, { ...options, ...call }),
    )
  }

  async loadImages(tar: AsyncIterable<Uint8Array>, options: OperationOptions = {}): Promise<readonly string[]> {
    return await this.#engine.run('loadImages', 'the archive', options, (call) => loadImages(this.#engine, tar, call))
  }

  async saveImage(reference: string, options?: OperationOptions): Promise<Readable> {
    validateImageReference(reference, 'reference')
    const request = { operation: 'saveImage', images: [reference], field: 'reference' } as const
    return await saveImages(this.#engine, request, options)
  }

  async saveImages(references: readonly string[], options?: OperationOptions): Promise<Readable> {
    validateImageReferences(references)
    const request = { operation: 'saveImages', images: references, field: 'references' } as const
    return await saveImages(this.#engine, request, options)
  }
}
