import type { LogChunk, LogStream } from '../../contract/container/logs.js'
import type { OperationOptions } from '../../contract/operation.js'
import type { OperationScope } from '../operation-scope.js'
import { createStream, type StreamCall } from './create-stream.js'

/** Creates the result of `containerLogs`. See {@link createStream}. */
export function createLogStream(
  { operations, id, options }: LogStreamOptions,
  read: (call: StreamCall) => AsyncIterable<LogChunk>,
): LogStream {
  return createStream({ operations, operation: 'containerLogs', subject: id, options }, read)
}

/** Options of `createLogStream`. */
export interface LogStreamOptions {
  readonly operations: OperationScope
  /** The id of the container. */
  readonly id: string
  readonly options: OperationOptions
}
