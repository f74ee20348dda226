import { Duplex } from 'node:stream'
import type { ExecProcess } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { readStderrTail } from './stderr-tail.js'

/**
 * The stdin and stdout of a process as one stream. Destroying the stream ends the stdin of the process.
 *
 * When the process fails before it has written to stdout, the stream fails with OPERATION_FAILED and the end of its stderr.
 */
export class ExecStream extends Duplex {
  readonly #process: ExecProcess
  readonly #title: string
  readonly #stderrTail: () => string
  #hasOutput = false

  constructor(process: ExecProcess, title: string) {
    super()
    this.#process = process
    this.#title = title
    this.#stderrTail = readStderrTail(process.stderr)
    process.stdout.on('data', (chunk: Uint8Array) => {
      this.#hasOutput = true
      if (!this.push(chunk)) process.stdout.pause()
    })
    process.exitCode.then(
      (exitCode) => this.#end(exitCode),
      (error: Error) => this.destroy(error),
    )
    // Errors of the single streams are ignored: the end of the process gives the reason.
    for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on('error', () => {})
  }

  override _read(): void {
    this.#process.stdout.resume()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#process.stdin.write(chunk, done)
  }

  /** Passes the chunks on at once: a stream of HTTP/2 has two for 16 KiB, and a socket sends all of them by one call. */
  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    const { stdin } = this.#process
    const last = chunks.length - 1
    stdin.cork()
    for (const [index, { chunk }] of chunks.entries()) stdin.write(chunk, index === last ? done : undefined)
    stdin.uncork()
  }

  /**
   * Does not wait until stdin has ended: Node ends the whole process by a failed assertion when an HTTP/2 session sends
   * GOAWAY to a stream that is about to end.
   */
  override _final(done: () => void): void {
    this.#process.stdin.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#process[Symbol.asyncDispose]().then(
      () => done(error),
      () => done(error),
    )
  }

  /** Called after all output has been read. */
  #end(exitCode: number): void {
    if (exitCode === 0 || this.#hasOutput) return void this.push(null)
    const reason = `exit code ${exitCode}: ${this.#stderrTail()}`
    const facts = { operation: this.#title, subject: 'BuildKit', status: exitCode, reason }
    this.destroy(createHostError('OPERATION_FAILED', facts))
  }
}
