import type { Writable } from 'node:stream'
import { type AttachOptions, createHostError } from '@capstan/core'
import { writeTo } from '../process/write-to.js'
import type { AttachedClient } from './container-streams.js'

/** The caller's outputs, borrowed: written as fast as they take it, never ended. */
export class OutputClient implements AttachedClient {
  /** Rejects when one of the outputs fails: that ends the session, not the container. */
  readonly failed: Promise<never>
  readonly #id: string
  readonly #outputs: { readonly stdout: Writable | undefined; readonly stderr: Writable | undefined }
  readonly #detached = new AbortController()
  #fail: (error: unknown) => void = () => {}

  constructor(id: string, { stdout, stderr }: AttachOptions) {
    this.#id = id
    this.#outputs = { stdout, stderr }
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.failed.catch(() => {})
  }

  async write(source: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void> {
    const output = this.#outputs[source]
    if (output === undefined || this.#detached.signal.aborted) return
    await writeTo(output, bytes, this.#detached.signal).catch((cause) => this.#fail(this.#toError(source, cause)))
  }

  /** Holds nobody up any more. */
  detach(): void {
    this.#detached.abort()
  }

  #toError(source: string, cause: unknown): Error {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const facts = { operation: 'attach', subject: `${source} of container "${this.#id}"`, status: undefined, reason }
    return createHostError('OPERATION_FAILED', facts, { cause })
  }
}
