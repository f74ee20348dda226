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
  let fault: { readonly error: unknown } | undefined
  async function* read() {
    try {
      yield* source
    } catch (error) {
      fault = { error }
      throw error
    }
  }
  try {
    return await send(Readable.from(read(), { objectMode: false }))
  } catch (error) {
    signal?.throwIfAborted()
    throw fault === undefined ? error : fault.error
  }
}
