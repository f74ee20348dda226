import type { LogChunk, LogStream } from '../../contract/container/logs.js'
import type { OperationOptions } from '../../contract/operation.js'
import type { LastingOperation, Operation, OperationScope } from '../operation-scope.js'

/**
 * Creates the result of `containerLogs`. Calls `read` when the iteration begins. The signal of the call aborts with the
 * caller's signal, when the runtime is closed, and when the stream is disposed. After an abort the iteration rejects with the
 * reason; after the disposal it ends.
 *
 * @throws HostError RUNTIME_UNAVAILABLE after `close`; the reason of the signal if it has aborted before
 */
export function createLogStream(
  { operations, id, options }: LogStreamOptions,
  read: (call: LogCall) => AsyncIterable<LogChunk>,
): LogStream {
  operations.assertOpen()
  options.signal?.throwIfAborted()
  let reading: LastingOperation | undefined
  let isDisposed = false
  async function* iterate(): AsyncGenerator<LogChunk, void> {
    if (isDisposed) return
    reading = operations.begin(options.signal)
    const { signal, end } = reading
    try {
      yield* read({ operation: 'containerLogs', subject: id, signal, hasCallerSignal: options.signal !== undefined })
      signal.throwIfAborted()
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error
      if (reason !== disposed) throw reason
    } finally {
      end()
    }
  }
  const chunks = iterate()
  return {
    [Symbol.asyncIterator]: () => chunks,
    [Symbol.asyncDispose]: async () => {
      isDisposed = true
      reading?.abort(disposed)
      await chunks.return()
    },
  }
}

/** Options of `createLogStream`. */
export interface LogStreamOptions {
  readonly operations: OperationScope
  /** The id of the container. */
  readonly id: string
  readonly options: OperationOptions
}

/** The operation that reads a log. It has no `undo`, since reading creates nothing. */
export type LogCall = Omit<Operation, 'undo'>

const disposed = new Error('the log stream was disposed')
