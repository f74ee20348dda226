import { connect } from 'node:http2'
import type { Duplex } from 'node:stream'
import { buildServiceCapability, type OperationOptions, type RuntimeScope } from '@capstan/core'
import type { CaseContext } from '../case-context.js'

/** Opens a connection to BuildKit, which is destroyed after the case. */
export async function connectBuildKit(
  context: CaseContext,
  options: OperationOptions = {},
  scope: RuntimeScope = context.scope,
): Promise<Duplex> {
  const service = context.require(buildServiceCapability, scope)
  const connection = await service.connect({ signal: context.signal, ...options })
  connection.on('error', () => {})
  context.defer('the connection to BuildKit', async () => void connection.destroy())
  return connection
}

/**
 * Opens a session, which is destroyed after the case. Resolves with `undefined` on an engine without connections for sessions.
 */
export async function openBuildSession(
  context: CaseContext,
  options: OperationOptions = {},
  scope: RuntimeScope = context.scope,
): Promise<Duplex | undefined> {
  const service = context.require(buildServiceCapability, scope)
  const headers = {
    'x-docker-expose-session-uuid': context.uniqueName('session'),
    'x-docker-expose-session-grpc-method': ['/grpc.health.v1.Health/Check', '/conformance.Example/Call'],
  }
  const connection = await service.openSession(headers, { signal: context.signal, ...options })
  connection?.on('error', () => {})
  context.defer('the session', async () => void connection?.destroy())
  return connection
}

/**
 * Calls a method of BuildKit's control service over the connection, with an encoded message (default: one without fields).
 * Resolves with the status of gRPC (`0` is success) and the length of the answer.
 */
export async function callBuildKit(
  connection: Duplex,
  method: string,
  message: Buffer = Buffer.alloc(0),
): Promise<BuildKitAnswer> {
  const session = connect('http://buildkit', { createConnection: () => connection })
  session.on('error', () => {})
  const path = `/moby.buildkit.v1.Control/${method}`
  const request = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  let status: unknown
  const record = (headers: Readonly<Record<string, unknown>>) => {
    status = headers['grpc-status'] ?? status
  }
  request.on('response', record)
  request.on('trailers', record)
  request.end(Buffer.concat([toGrpcPrefix(message), message]))
  try {
    let length = 0
    for await (const chunk of request) length += chunk.length
    return { status, length }
  } finally {
    session.destroy()
  }
}

/** The answer to a call. */
export interface BuildKitAnswer {
  readonly status: unknown
  readonly length: number
}

/** Returns what is before a message of gRPC that is not compressed: 0, and its length. */
function toGrpcPrefix({ length }: Buffer): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(length, 1)
  return prefix
}
