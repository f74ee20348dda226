import type { Readable } from 'node:stream'
import type { UpgradedConnection } from '../docker-engine.js'
import { FrameParser, type FrameSource } from './frame-parser.js'
import { OutputReadable } from './output-readable.js'

/**
 * Both outputs of a process as streams with back-pressure to the connection.
 *
 * The outputs share one connection. An output without a reader blocks the other one once its buffer is full, so call
 * `resume()` on an unused output. Nothing is read before `start`.
 */
export class ProcessOutput {
  readonly stdout: OutputReadable
  readonly stderr: OutputReadable
  readonly #connection: UpgradedConnection
  readonly #parser: FrameParser | undefined
  #head: Buffer = Buffer.alloc(0)
  /** The outputs whose buffer is full. `_read` removes them. */
  readonly #full = new Set<FrameSource>()

  constructor(connection: UpgradedConnection, { isTerminal }: { readonly isTerminal: boolean }) {
    this.#connection = connection
    this.stdout = this.#createOutput('stdout')
    this.stderr = this.#createOutput('stderr')
    this.#parser = isTerminal ? undefined : new FrameParser((source, bytes) => this.#push(source, bytes))
    if (isTerminal) this.stderr.push(null)
  }

  /** The first bytes of stdout as text, at most {@link mostHeadBytes}. */
  get head(): string {
    return this.#head.toString()
  }

  /**
   * Starts reading. `onEnd` is called once when the connection has ended, with the untranslated error if there is one,
   * and must call `finish`. All data that has arrived is in the outputs by then.
   */
  start(onEnd: (error: unknown) => void): void {
    const { socket, head } = this.#connection
    let isOver = false
    const end = (error?: unknown) => {
      if (!isOver) onEnd(error)
      isOver = true
    }
    const take = (chunk: Buffer) => {
      try {
        this.#take(chunk)
      } catch (error) {
        end(error)
        socket.destroy()
      }
    }
    const endWithError = (error: unknown) => {
      socket.off('data', take)
      // A socket that a slow reader has paused emits no `data` events for its buffered data.
      for (let chunk = readNext(socket); chunk !== null && !isOver; chunk = readNext(socket)) take(chunk)
      end(error)
    }
    socket.on('data', take)
    socket.on('end', () => end(this.#findPartialFrame()))
    socket.on('error', endWithError)
    socket.on('close', () =>
      endWithError(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })),
    )
    if (head.length > 0) take(head)
  }

  /** Ends both outputs, or fails them with the error after their buffered data; `atOnce` discards that data. */
  finish(error?: Error, { atOnce = false }: { readonly atOnce?: boolean } = {}): void {
    for (const output of [this.stdout, this.stderr]) {
      if (error !== undefined && atOnce) output.destroy(error)
      else if (error !== undefined) output.fail(error)
      else if (!output.readableEnded && !output.destroyed) output.push(null)
    }
  }

  #createOutput(source: FrameSource): OutputReadable {
    const read = () => {
      if (this.#full.delete(source) && this.#full.size === 0) this.#connection.socket.resume()
    }
    // When a reader destroys one output, its further data is discarded so that the other output continues.
    const destroy = (error: Error | null, done: (error?: Error | null) => void) => {
      read()
      done(error)
    }
    return new OutputReadable({ read, destroy })
  }

  #take(chunk: Buffer): void {
    if (this.#parser === undefined) this.#push('stdout', chunk)
    else this.#parser.push(chunk)
    if (this.#full.size > 0) this.#connection.socket.pause()
  }

  #push(source: FrameSource, bytes: Buffer): void {
    if (source === 'stdout' && this.#head.length < mostHeadBytes) {
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, mostHeadBytes - this.#head.length)])
    }
    const output = this[source]
    if (!output.destroyed && !output.push(bytes)) this.#full.add(source)
  }

  #findPartialFrame(): unknown {
    try {
      this.#parser?.end()
      return undefined
    } catch (error) {
      return error
    }
  }
}

const mostHeadBytes = 4096

/** Reads buffered data. A socket without an encoding returns Buffers. */
function readNext(socket: Readable): Buffer | null {
  return socket.read()
}
