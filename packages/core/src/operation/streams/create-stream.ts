import type { OperationOptions } from '../../contract/operation.js'
import type { LastingOperation, Operation, OperationNames, OperationScope } from '../operation-scope.js'

/**
 * Creates a stream of values that is an operation of its own. Calls `read` when the iteration begins. The signal of the call
 * aborts with the caller's signal, when the runtime is closed, and when the stream is disposed. After an abort the iteration
 * rejects with the reason; after the disposal it ends.
 *
 * @throws HostError RUNTIME_UNAVAILABLE after `close`; the reason of the signal if it has aborted before
 */
export function createStream<T>(
  { operations, operation, subject, options }: StreamOptions,
  read: (call: StreamCall) => AsyncIterable<T>,
): AsyncIterable<T> & AsyncDisposable {
  operations.assertOpen()
  options.signal?.throwIfAborted()
  let reading: LastingOperation | undefined
  let isDisposed = false
  async function* iterate(): AsyncGenerator<T, void> {
    if (isDisposed) return
    reading = operations.begin(options.signal)
    const { signal, end } = reading
    try {
      yield* read({ operation, subject, signal, hasCallerSignal: options.signal !== undefined })
      signal.throwIfAborted()
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error
      if (reason !== disposed) throw reason
    } finally {
      end()
    }
  }
  const values = iterate()
  return {
    [Symbol.asyncIterator]: () => values,
    [Symbol.asyncDispose]: async () => {
      isDisposed = true
      reading?.abort(disposed)
      await values.return()
    },
  }
}

/** Options of `createStream`: the scope, the method and the object. */
export interface StreamOptions extends OperationNames {
  readonly operations: OperationScope
  readonly options: OperationOptions
}

/** The operation of a stream. It has no `undo`, since reading creates nothing. */
export type StreamCall = Omit<Operation, 'undo'>

const disposed = new Error('the stream was disposed')
