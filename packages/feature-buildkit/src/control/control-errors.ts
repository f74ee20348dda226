import { createHostError, isHostError } from '@capstan/core'
import { Code, ConnectError } from '@connectrpc/connect'
import type { SessionEnd } from './stream-session.js'

/** Who was asked for what. */
export interface ControlSubject {
  readonly operation: string
  readonly endpoint: string
}

/** Why an answer does not come any more; a stream's own HostError says it best. */
export function toEndError(
  { error: cause, understood, excerpt }: SessionEnd,
  { operation, endpoint }: ControlSubject,
): Error {
  if (isHostError(cause)) return cause
  return understood
    ? createHostError('CONNECTION_LOST', { endpoint, lastTimestamp: undefined }, { cause })
    : createHostError('PROTOCOL_ERROR', { operation: `${operation} of ${endpoint}`, excerpt }, { cause })
}

/** The one translation of what gRPC rejects with: https://grpc.io/docs/guides/status-codes/ */
export function toControlError(error: unknown, { operation, endpoint, timeoutMs }: FailedCall): Error {
  const { code, rawMessage: reason } = ConnectError.from(error)
  if (code === Code.DeadlineExceeded && timeoutMs !== undefined) {
    const facts = { operation: `${operation} of ${endpoint}`, phase: undefined, timeoutMs, lastLines: [] }
    return createHostError('TIMED_OUT', facts, { cause: error })
  }
  return createHostError('OPERATION_FAILED', { operation, subject: endpoint, status: code, reason }, { cause: error })
}

export interface FailedCall extends ControlSubject {
  readonly timeoutMs: number | undefined
}
