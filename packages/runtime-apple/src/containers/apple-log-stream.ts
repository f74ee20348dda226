import type { LogChunk, LogOptions, LogStream } from '@capstan/core'
import { linkSignals } from '@capstan/core/plugin'
import type { AppleConnection } from '../apple-connection.js'
import { readLogs } from './read-logs.js'

/** Opens the log at the first read, which also reports the errors of opening. */
export class AppleLogStream implements LogStream {
  readonly #abort = new AbortController()
  readonly #chunks: AsyncGenerator<LogChunk>

  constructor(connection: AppleConnection, id: string, options: LogOptions) {
    this.#chunks = this.#read(connection, id, options)
  }

  [Symbol.asyncIterator](): AsyncIterator<LogChunk> {
    return this.#chunks
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(disposed)
    await this.#chunks.return(undefined)
  }

  async *#read(connection: AppleConnection, id: string, options: LogOptions): AsyncGenerator<LogChunk> {
    if (this.#abort.signal.aborted) return
    const { signal: own, end } = connection.operations.begin(options.signal)
    const link = linkSignals([own, this.#abort.signal])
    const call = {
      operation: 'containerLogs',
      subject: id,
      signal: link.signal,
      isBounded: options.signal !== undefined,
    }
    try {
      for await (const bytes of readLogs(connection, id, { call, options })) yield { source: 'combined', bytes }
      call.signal.throwIfAborted()
    } catch (error) {
      if (this.#abort.signal.aborted) return
      throw own.aborted ? own.reason : error
    } finally {
      link.unlink()
      end()
    }
  }
}

const disposed = new Error('the stream was closed')
