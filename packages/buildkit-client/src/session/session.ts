import { randomBytes } from 'node:crypto'
import type { ContextEntry } from '@capstan/build-context'
import type { OperationOptions } from '@capstan/core'
import { ConnectError } from '@connectrpc/connect'
import type { BuildKitClient } from '../control/buildkit-client.js'
import { FileSend, FileSync } from '../generated/filesync_pb.js'
import { Health } from '../generated/health_pb.js'
import { Secrets } from '../generated/secrets_pb.js'
import { SSH } from '../generated/ssh_pb.js'
import { type ContentStores, createContentHandlers } from './content-store.js'
import { createFileSyncHandler } from './file-sync.js'
import { createUnaryHandler, type GrpcHandler, type GrpcMethod, GrpcServer, toMethodPath } from './grpc-server.js'
import {
  answerSecret,
  createCredentialHandlers,
  createOutputHandler,
  type FindCredentials,
} from './session-services.js'
import { createAgentHandler, createCheckAgentHandler } from './ssh-agents.js'

/** What this side provides to BuildKit during a build. */
export interface SessionServices {
  /** The files of each local source by its name, such as `context` and `dockerfile`, in the order of `readBuildContext`. */
  readonly sources: Readonly<Record<string, readonly ContextEntry[]>>
  /** Secrets by their id. */
  readonly secrets?: Readonly<Record<string, string | Uint8Array>>
  /** Finds the credentials of registries. Default: anonymous access. */
  readonly credentials?: FindCredentials
  /** The paths of sockets of SSH agents by their id. `RUN --mount=type=ssh` uses `default`. */
  readonly ssh?: Readonly<Record<string, string>>
  /** Receives the bytes of an exported archive. The build ends after the promise has resolved. */
  readonly output?: (archive: AsyncIterable<Uint8Array>) => Promise<void>
  /** Directories of local caches. */
  readonly stores?: ContentStores
  /** Called with the size of each block of a file of `sources` that was sent. */
  readonly onTransfer?: (source: string, bytes: number) => void
  /** Called when BuildKit has received all files that it has requested of a source. */
  readonly onTransferEnd?: (source: string) => void
}

/** Options of `openSession`. */
export interface SessionOptions extends OperationOptions {
  /**
   * Identifies the directories of the sources. BuildKit keeps the files of a source between builds with the same key and name,
   * and requests only those that have changed.
   */
  readonly sharedKey: string
}

/** The connection by which BuildKit requests files, secrets and credentials during builds. */
export interface Session extends AsyncDisposable {
  /** The `Session` of a SolveRequest. */
  readonly id: string
  /** Resolves when the connection has ended, with its error, if any. */
  readonly ended: Promise<Error | undefined>
  /** The first error of this side, such as a file that cannot be read. It is the reason why a build fails. */
  readonly failure: Error | undefined
  /** Ends the connection. Idempotent. */
  close(): Promise<void>
}

/** Opens a session. An abort of `signal` ends it. */
export async function openSession(
  client: BuildKitClient,
  services: SessionServices,
  { sharedKey, signal }: SessionOptions,
): Promise<Session> {
  const id = randomBytes(16).toString('hex')
  let failure: Error | undefined
  const handlers = createHandlers(services, (error) => {
    failure ??= error
  })
  const stream = await client.openSession(
    {
      'x-docker-expose-session-uuid': id,
      'x-docker-expose-session-sharedkey': sharedKey,
      'x-docker-expose-session-grpc-method': [...handlers.keys()],
    },
    { signal },
  )
  const server = new GrpcServer(stream, handlers)
  const close = async () => {
    server.close()
    stream.destroy()
    await server.ended
  }
  const abort = () => void close()
  signal?.addEventListener('abort', abort)
  server.ended.then(() => signal?.removeEventListener('abort', abort))
  return {
    id,
    ended: server.ended,
    get failure() {
      return failure
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A service that is not given is not announced, and BuildKit does not call it. */
function createHandlers(services: SessionServices, onFailure: OnFailure): ReadonlyMap<string, GrpcHandler> {
  const { secrets, credentials, ssh, output, stores = {} } = services
  const handlers: (readonly [GrpcMethod, GrpcHandler])[] = [
    [Health.method.check, createUnaryHandler(Health.method.check, () => ({ status: serving }))],
    [FileSync.method.diffCopy, createFileSyncHandler(services)],
  ]
  if (secrets !== undefined) {
    handlers.push([Secrets.method.getSecret, createUnaryHandler(Secrets.method.getSecret, answerSecret(secrets))])
  }
  if (credentials !== undefined) handlers.push(...createCredentialHandlers(credentials))
  if (ssh !== undefined) {
    handlers.push([SSH.method.checkAgent, createCheckAgentHandler(ssh)])
    handlers.push([SSH.method.forwardAgent, createAgentHandler(ssh)])
  }
  if (output !== undefined) handlers.push([FileSend.method.diffCopy, createOutputHandler(output)])
  if (Object.keys(stores).length > 0) handlers.push(...createContentHandlers(stores))
  return new Map(handlers.map(([method, handler]) => [toMethodPath(method), reporting(handler, onFailure)]))
}

/** A ConnectError is the end of the call, an error of the peer, or a request that the peer must not make. */
function reporting(handler: GrpcHandler, onFailure: OnFailure): GrpcHandler {
  return async (call) => {
    try {
      await handler(call)
    } catch (error) {
      if (!(error instanceof ConnectError)) onFailure(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }
}

/** Called with each error of this side. */
type OnFailure = (error: Error) => void

const serving = 1
