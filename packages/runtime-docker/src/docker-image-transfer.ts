import type { Readable } from 'node:stream'
import type { ImageTransfer, OperationOptions, PullOptions } from '@capstan/core'
import type { DockerEngine } from './docker-engine.js'
import { loadImages } from './image/load-images.js'
import { pullImage } from './image/pull-image.js'
import { saveImage } from './image/save-image.js'

/** Images to and from a Docker Engine. */
export class DockerImageTransfer implements ImageTransfer {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  pullImage(reference: string, options?: PullOptions): Promise<string> {
    return pullImage(this.#engine, reference, options)
  }

  loadImages(tar: AsyncIterable<Uint8Array>, options?: OperationOptions): Promise<readonly string[]> {
    return loadImages(this.#engine, tar, options)
  }

  saveImage(reference: string, options?: OperationOptions): Promise<Readable> {
    return saveImage(this.#engine, reference, options)
  }
}
