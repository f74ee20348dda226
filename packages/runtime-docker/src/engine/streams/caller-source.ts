import { Readable } from 'node:stream'
import type { OperationOptions } from '@capstan/core'

/**
 * Sends the bytes of a caller's source by `send`. An error of the source is thrown unchanged, in place of the lost connection
 * that the request reports then.
 */
export async function sendSource<T>(
  source: AsyncIterable<Uint8Array>,
  { signal }: OperationOptions,
  send: (body: Readable) => Promise<T>,
): Promise<T> {
  const reader = new SourceReader(source)
  try {
    return await send(Readable.from(reader, { objectMode: false, highWaterMark }))
  } catch (error) {
    signal?.throwIfAborted()
    throw reader.fault === undefined ? error : reader.fault.error
  }
}

/** Reads a source, and records its error. An async generator would do the same with several more promises for each chunk. */
class SourceReader implements AsyncIterableIterator<Uint8Array> {
  fault: { readonly error: unknown } | undefined
  readonly #chunks: AsyncIterator<Uint8Array>

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.#chunks.next()
    } catch (error) {
      this.fault = { error }
      throw error
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#chunks.return?.()
    return { done: true, value: undefined }
  }
}

/** So that the source is read while earlier chunks are sent. */
const highWaterMark = 512 * 1024
