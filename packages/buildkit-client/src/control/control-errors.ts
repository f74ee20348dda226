import { isHostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { Code, ConnectError } from '@connectrpc/connect'
import type { SessionEnd } from './stream-session-manager.js'

/** A call that failed, the daemon that was called, and the time limit of the call. */
export interface FailedCall {
  readonly operation: string
  readonly endpoint: string
  readonly timeoutMs: number | undefined
}

/** The error of a call whose connection has ended. A HostError of the stream itself is passed on. */
export function toConnectionError(
  { error: cause, isHttp2, excerpt }: SessionEnd,
  { operation, endpoint }: FailedCall,
): Error {
  if (isHostError(cause)) return cause
  return isHttp2
    ? createHostError('CONNECTION_LOST', { endpoint, lastTimestamp: undefined }, { cause })
    : createHostError('PROTOCOL_ERROR', { operation: `${operation} of ${endpoint}`, excerpt }, { cause })
}

/** Translates an error of gRPC: https://grpc.io/docs/guides/status-codes/ */
export function toControlError(error: unknown, { operation, endpoint, timeoutMs }: FailedCall): Error {
  const { code, rawMessage: reason } = ConnectError.from(error)
  if (code === Code.DeadlineExceeded && timeoutMs !== undefined) {
    const facts = { operation: `${operation} of ${endpoint}`, phase: undefined, timeoutMs, lastLines: [] }
    return createHostError('TIMED_OUT', facts, { cause: error })
  }
  return createHostError('OPERATION_FAILED', { operation, subject: endpoint, status: code, reason }, { cause: error })
}
