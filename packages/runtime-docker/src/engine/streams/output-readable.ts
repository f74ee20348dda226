import { Readable, type ReadableOptions } from 'node:stream'

/** A stream that reports a failure after the data that arrived before it, which `destroy` would drop. */
export class OutputReadable extends Readable {
  #fault: { readonly error: Error } | undefined

  constructor(options: ReadableOptions) {
    super(options)
    // The failure is reported where the stream is read. Without a reader it must not end the process.
    this.on('error', () => {})
  }

  /** Destroys the stream with the error when all data was read. */
  fail(error: Error): void {
    this.#fault ??= { error }
    this.#destroyWhenRead()
  }

  override read(size?: number): unknown {
    const chunk: unknown = super.read(size)
    this.#destroyWhenRead()
    return chunk
  }

  #destroyWhenRead(): void {
    const fault = this.#fault
    // In the next tick, so that the reader gets the last data before the failure.
    if (fault !== undefined && this.readableLength === 0) process.nextTick(() => this.destroy(fault.error))
  }
}
