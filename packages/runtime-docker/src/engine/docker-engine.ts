import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import type { OperationOptions } from '@capstan/core'
import type { Argv, Environment, Operation, OperationScope, StringMap } from '@capstan/core/plugin'
import type { ContainerRegistry } from './container-registry.js'
import type { DockerApi } from './docker-api.js'
import type { DockerDetails } from './docker-details.js'
import type { DirectAddress } from './docker-endpoint.js'
import type { DockerTimeouts } from './docker-timeouts.js'

/**
 * A client of one engine. All requests of this package go through it.
 *
 * Each method rejects with a HostError (see `docker-errors.ts`) or the reason of the call's signal, so callers need no
 * translation. Errors that occur later, while a body or an upgraded socket is read, go through `translate`. No
 * connection is made and no module loaded before the first call. After `close` all methods reject with
 * RUNTIME_UNAVAILABLE.
 */
export interface DockerEngine {
  /** The name of the runtime in messages. */
  readonly runtimeName: string
  readonly details: DockerDetails
  /** The ownership labels of all created objects, applied by core's `toObjectLabels`. */
  readonly ownerLabels: StringMap
  /** The environment of the host, for docker's configuration, credentials and credential helpers. */
  readonly env: Environment
  /** Reports a problem that is not an error. */
  readonly warn: (message: string) => void
  /** The API version in use: `1.41`. */
  readonly apiVersion: string
  /** The time limits and intervals. */
  readonly timeouts: DockerTimeouts
  /** The state of containers in this process. It translates the ids in requests and answers, see the class. */
  readonly containers: ContainerRegistry

  /** The operations of the runtime. A request has the signal of its operation, or that of the undo step. */
  readonly operations: OperationScope

  /** Runs one operation, see `OperationScope.run`. */
  run<T>(
    operation: string,
    subject: string,
    options: OperationOptions,
    effect: (call: Operation) => Promise<T>,
  ): Promise<T>
  /**
   * Returns dockerode for the requests of one call. The requests have the call's signal and deadline, and their errors
   * are translated. It is for requests with a short JSON answer; use `send` for streams.
   *
   * Pass `{ _query, _body }` to set the query and the body separately. Status 304 counts as success. dockerode does not
   * escape ids, so validate them first.
   */
  api(call: EngineCall): Promise<DockerApi>
  /**
   * Sends a request on a socket of its own and resolves at the headers of an answer with a status below 400. The caller
   * reads the body. The engine is pinged until the socket closes; when it hangs, the body fails with CONNECTION_LOST.
   */
  send(request: EngineRequest): Promise<IncomingMessage>
  /** Sends a short request and resolves with the JSON answer, or `undefined` without a body. `T` is the documented type. */
  sendJson<T>(request: EngineRequest): Promise<T>
  /** Hijacks the connection, which both 101 and 200 confirm. The signal and unanswered pings end the socket. */
  upgrade(request: EngineRequest): Promise<UpgradedConnection>
  /**
   * Opens a connection and sends no request, for HTTP/2, which the TLS handshake of a TLS endpoint requests. The signal and
   * unanswered pings end the socket, as after `upgrade`.
   */
  connect(call: EngineCall): Promise<Duplex>
  /** Resolves with the address of the engine, which is started if it is an engine on demand. It listens until `close`. */
  findAddress(call: EngineCall): Promise<DirectAddress>
  /** Translates an error that occurred while a stream was read. An aborted signal's reason takes precedence. */
  translate(cause: unknown, call: EngineCall): unknown
  /** Closes the operations, then ends all requests with RUNTIME_UNAVAILABLE and closes all connections. Idempotent. */
  close(): Promise<void>
}

/** The operation that a request belongs to, with its limits. */
export interface EngineCall extends OperationOptions {
  /** The name of the contract's method: `createContainer`. */
  readonly operation: string
  /** The id, name or reference that the operation is about. */
  readonly subject: string
  /** The command to run, for COMMAND_NOT_STARTED. */
  readonly command?: Argv
  /** The name of the parameter that has the subject, for INVALID_ARGUMENT when the engine rejects it. */
  readonly field?: string
  /** The path in the container that the operation is about, for PATH_NOT_FOUND. */
  readonly containerPath?: string
  /** The option that requested Linux capabilities. Default `privileged`. */
  readonly capabilityField?: 'privileged' | 'capAdd'
  /**
   * The limit for a short call, or until the headers for `send` and `upgrade`; then TIMED_OUT. Default: `answerMs` of
   * the engine's timeouts unless `hasCallerSignal`; none for `send`. Without a limit the engine is pinged during the
   * request, which fails with CONNECTION_LOST when a ping cannot be sent or three pings in a row have no answer.
   */
  readonly timeoutMs?: number
  /**
   * Whether the caller passed a signal, so that the default limits do not apply. Default: whether there is a signal.
   */
  readonly hasCallerSignal?: boolean | undefined
  /** The plugin's option that raises `timeoutMs`, for the error. */
  readonly timeoutOption?: string
  /**
   * A promise for the request that this one accompanies, such as the start of an attached container. After the headers
   * the engine is pinged only once this promise has resolved, because an engine that is busy with a start may not
   * answer. It is not pinged if the promise rejects. Pings before the headers are not affected.
   */
  readonly pingAfter?: Promise<unknown>
  /** Called with the body of each answer, since dockerode drops some fields (the warnings of a create). */
  readonly onAnswer?: (answer: unknown) => void
}

/** The signal of a call, and whether it replaces the default limits. An `Operation` has both. */
export type CallSignal = Pick<EngineCall, 'signal' | 'hasCallerSignal'>

export interface EngineRequest extends EngineCall {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /** The path without version prefix: `/containers/x/logs`. Escape each part that is not validated. */
  readonly path: string
  /** The query. `undefined` is left out, `true` is `1`, an array repeats the parameter, other objects become JSON. */
  readonly query?: Readonly<Record<string, QueryValue>>
  /** The headers. An array is sent as one field per value. */
  readonly headers?: RequestHeaders
  /** The body. A stream is sent chunked, and destroyed when the request fails; an object becomes JSON. */
  readonly body?: Buffer | Readable | object
  /** Whether the path is sent without version prefix, as for `/_ping`. */
  readonly unversioned?: boolean
}

export type RequestHeaders = Readonly<Record<string, string | readonly string[]>>

export type QueryValue = string | number | boolean | object | undefined

export interface UpgradedConnection {
  /** The socket. `end` half-closes it; the caller destroys it and passes its errors to `translate`. */
  readonly socket: Duplex
  /** The bytes that arrived with the headers. They precede all data of the socket. */
  readonly head: Buffer
}
