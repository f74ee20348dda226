import { create, toBinary } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { StatusSchema } from '../../../src/generated/status_pb.js'

/** Why a build failed, with the details that the daemon adds to the status of `Solve`. */
export class SolveError extends Error {
  readonly code: Code
  readonly details: SolveErrorDetails

  constructor(message: string, details: SolveErrorDetails = {}, code: Code = Code.Unknown) {
    super(message)
    this.code = code
    this.details = details
  }

  /** Prepends words to the message, as errors of Go are wrapped. */
  wrap(prefix: string, details: SolveErrorDetails = {}): SolveError {
    return new SolveError(`${prefix}: ${this.message}`, { ...this.details, ...details }, this.code)
  }
}

export interface SolveErrorDetails {
  /** The lines of the Dockerfile that the error is about. */
  readonly source?: { readonly filename: string; readonly data: string; readonly first: number; readonly last: number }
  /** The digest of the failed vertex. */
  readonly vertex?: string
  readonly exitCode?: number
  /** Whether the frontend has rejected the build. */
  readonly isFrontend?: boolean
}

/** Translates an error of a call to the session, as the daemon passes it on. */
export function toSolveError(error: unknown): SolveError {
  if (error instanceof SolveError) return error
  if (!(error instanceof ConnectError)) return new SolveError(String(error))
  const name = Code[error.code] ?? 'Unknown'
  return new SolveError(`rpc error: code = ${name} desc = ${error.rawMessage}`, {}, error.code)
}

/**
 * Converts the error to the answer of a call. The library can send no detail whose type URL has another prefix than its own,
 * so the trailer with the details is set here.
 */
export function toAnswer({ code, message, details }: SolveError): ConnectError {
  const error = new ConnectError(message, code)
  const anys = toDetails(details).map(({ type, value }) => ({
    typeUrl: `github.com/moby/buildkit/${type}+json`,
    value: Buffer.from(JSON.stringify(value)),
  }))
  const status = toBinary(StatusSchema, create(StatusSchema, { code, message, details: anys }))
  error.metadata.set('grpc-status-details-bin', Buffer.from(status).toString('base64'))
  return error
}

function toDetails({ source, vertex, exitCode, isFrontend }: SolveErrorDetails) {
  return [
    { type: 'stack.Stack', value: { frames: [] } },
    ...(isFrontend ? [{ type: 'errdefs.Frontend', value: { name: 'dockerfile.v0' } }] : []),
    ...(source === undefined ? [] : [{ type: 'errdefs.Source', value: toSource(source) }]),
    ...(vertex === undefined ? [] : [{ type: 'errdefs.Vertex', value: { digest: vertex } }]),
    ...(exitCode === undefined ? [] : [{ type: 'gatewayapi.ExitMessage', value: { Code: exitCode } }]),
  ]
}

function toSource({ filename, data, first, last }: NonNullable<SolveErrorDetails['source']>) {
  return {
    info: { filename, data: Buffer.from(data).toString('base64'), language: 'Dockerfile' },
    // Each line has a range of its own.
    ranges: Array.from({ length: last - first + 1 }, (_, index) => {
      const line = { line: first + index }
      return { start: line, end: line }
    }),
  }
}
