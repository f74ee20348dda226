import { createHostError } from '../../errors/create-host-error.js'
import type { OperationNames } from '../operation-scope.js'

/** Creates OPERATION_FAILED for a stream of the caller that failed or was closed too early. */
export function toStreamFailure(
  { operation, subject }: OperationNames,
  stream: 'input' | 'output',
  cause: unknown,
): Error {
  const detail = cause instanceof Error ? `: ${cause.message}` : ' or is closed'
  const reason = `the stream for the ${stream} has failed${detail}`
  return createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason }, { cause })
}
