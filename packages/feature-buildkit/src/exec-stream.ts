import { Duplex } from 'node:stream'
import { createHostError, type ExecProcess } from '@capstan/core'
import { keepLastWords } from './last-words.js'

/**
 * A process's stdin and stdout as one stream; destroying it ends the process's input.
 *
 * A process that fails before it has written anything is its error, with the words that it wrote to stderr.
 */
export class ExecStream extends Duplex {
  readonly #process: ExecProcess
  readonly #title: string
  readonly #lastWords: () => string
  #hasSpoken = false

  constructor(process: ExecProcess, title: string) {
    super()
    this.#process = process
    this.#title = title
    this.#lastWords = keepLastWords(process.stderr)
    process.stdout.on('data', (chunk: Uint8Array) => {
      this.#hasSpoken = true
      if (!this.push(chunk)) process.stdout.pause()
    })
    process.exitCode.then(
      (exitCode) => this.#end(exitCode),
      (error: Error) => this.destroy(error),
    )
    // The end of the process says why.
    for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on('error', () => {})
  }

  override _read(): void {
    this.#process.stdout.resume()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#process.stdin.write(chunk, done)
  }

  /** Not waited for: Node fails an assertion, and the process with it, where HTTP/2 says goodbye while an end is under way. */
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

  /** After all output. */
  #end(exitCode: number): void {
    if (exitCode === 0 || this.#hasSpoken) return void this.push(null)
    const reason = `${this.#title} ended with exit code ${exitCode}: ${this.#lastWords()}`
    const facts = { operation: this.#title, subject: 'BuildKit', status: exitCode, reason }
    this.destroy(createHostError('OPERATION_FAILED', facts))
  }
}
