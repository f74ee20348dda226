import type { Readable } from 'node:stream'
import { type ImageTransfer, type OperationOptions, type PullOptions, validateImageReference } from '@capstan/core'
import { pullImage } from './image/pull-image.js'
import type { MemoryConnection } from './memory-connection.js'

export class MemoryImageTransfer implements ImageTransfer {
  readonly #connection: MemoryConnection

  constructor(connection: MemoryConnection) {
    this.#connection = connection
  }

  async pullImage(reference: string, options: PullOptions = {}): Promise<string> {
    validateImageReference(reference, 'reference')
    const { id } = await pullImage(this.#connection, reference, options)
    return id
  }

  async loadImages(_tar: AsyncIterable<Uint8Array>, _options: OperationOptions = {}): Promise<readonly string[]> {
    throw new Error('later')
  }

  async saveImage(_reference: string, _options: OperationOptions = {}): Promise<Readable> {
    throw new Error('later')
  }
}
