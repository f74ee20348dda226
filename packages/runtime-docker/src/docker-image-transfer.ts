import type { Readable } from 'node:stream'
import type { ImageTransfer, OperationOptions, PullOptions } from '@capstan/core'
import type { DockerEngine } from './docker-engine.js'
import type { CredentialSources } from './image/find-credentials.js'
import { loadImages } from './image/load-images.js'
import { pullImage } from './image/pull-image.js'
import { saveImage } from './image/save-image.js'

/** Images to and from a Docker Engine. */
export class DockerImageTransfer implements ImageTransfer {
  readonly #engine: DockerEngine
  readonly #credentialSources: CredentialSources

  constructor(engine: DockerEngine, credentialSources: CredentialSources = { env: process.env }) {
    this.#engine = engine
    this.#credentialSources = credentialSources
  }

  pullImage(reference: string, options: PullOptions = {}): Promise<string> {
    const credentialSources = this.#credentialSources
    return pullImage(this.#engine, reference, { ...options, signal: options.signal, credentialSources })
  }

  loadImages(tar: AsyncIterable<Uint8Array>, options?: OperationOptions): Promise<readonly string[]> {
    return loadImages(this.#engine, tar, options)
  }

  saveImage(reference: string, options?: OperationOptions): Promise<Readable> {
    return saveImage(this.#engine, reference, options)
  }
}
