import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import type { OperationOptions } from '@capstan/core'
import type { Argv, Environment, Operation, OperationScope, StringMap } from '@capstan/core/plugin'
import type { DockerApi } from './docker-api.js'
import type { DockerDetails } from './docker-details.js'
import type { DockerTimeouts } from './docker-timeouts.js'
import type { KnownContainers } from './known-containers.js'

/**
 * One engine, as all parts of this package see it: the only way to it.
 *
 * Whatever a method rejects with is ready for the caller: a HostError (see `docker-errors.ts`), or the reason of the
 * call's signal. Only what breaks later, while a body or an upgraded socket is read, goes through `translate`.
 * Nothing is connected and nothing is loaded before the first call. After `close` all reject with RUNTIME_UNAVAILABLE.
 */
export interface DockerEngine {
  /** Name of the runtime: for messages. */
  readonly runtimeName: string
  readonly details: DockerDetails
  /** Go on everything that is made: through core's `toObjectLabels`. */
  readonly ownerLabels: StringMap
  /** The environment of the host, in which credentials are found and their helpers run. */
  readonly env: Environment
  /** For facts that are no errors. */
  readonly warn: (message: string) => void
  /** The API version that is spoken now: `1.41`. */
  readonly apiVersion: string
  /** The limits for its answers. */
  readonly timeouts: DockerTimeouts
  /** Containers that have replaced others. All requests and answers of this engine are translated by it. */
  readonly containers: KnownContainers

  /** The operations of the runtime. Requests get the signal of their operation; those that undo get that of the undo. */
  readonly operations: OperationScope

  /** Runs one operation: see `OperationScope.run`. */
  run<T>(
    operation: string,
    subject: string,
    options: OperationOptions,
    effect: (call: Operation) => Promise<T>,
  ): Promise<T>
  /**
   * dockerode for one call, or for a few in a row that make up one operation: its requests carry the call's signal and
   * deadline, and its failures come translated. For verbs with a short JSON answer; what streams goes through `send`.
   *
   * Takes `{ _query, _body }` apart; 304 is success; ids are not escaped by dockerode, so validate them first.
   */
  api(call: EngineCall): Promise<DockerApi>
  /**
   * A request whose answer is read by the caller: resolves at its headers, status below 400. On a socket of its own, and
   * with pings beside it until that is closed: an engine that hangs ends it with CONNECTION_LOST.
   */
  send(request: EngineRequest): Promise<IncomingMessage>
  /** A short request with a JSON answer (`undefined` where there is no body). `T` is the engine's documented shape. */
  sendJson<T>(request: EngineRequest): Promise<T>
  /** Takes the connection over: 101 and 200 both mean that. Signal and pings guard the socket until it is closed. */
  upgrade(request: EngineRequest): Promise<UpgradedConnection>
  /** What broke while a stream of this engine was read, as the caller gets it: the signal's reason before all else. */
  translate(cause: unknown, call: EngineCall): unknown
  /** Closes the operations, then ends every request with RUNTIME_UNAVAILABLE and closes every connection. Idempotent. */
  close(): Promise<void>
}

/** For whom a request is made: names it in errors. */
export interface EngineCall extends OperationOptions {
  /** Name of the contract's method: `createContainer`. */
  readonly operation: string
  /** Id, name or reference that it is about. */
  readonly subject: string
  /** The command that is to run, for COMMAND_NOT_STARTED. */
  readonly command?: Argv
  /** The parameter that the subject is, where the engine may find fault with it: for INVALID_ARGUMENT. */
  readonly field?: string
  /** Capabilities were asked for by `privileged` or by `capAdd`; default `privileged`. */
  readonly capabilityField?: 'privileged' | 'capAdd'
  /**
   * Limit for the whole short call, or until the headers for `send` and `upgrade`; then TIMED_OUT. Default: `answerMs`
   * of the engine's timeouts, unless the call is bounded; for `send` none. Without a limit the engine is
   * pinged during the request, which ends with CONNECTION_LOST when three pings in a row are not answered.
   */
  readonly timeoutMs?: number
  /** As `Operation.isBounded`. Default: whether there is a signal. */
  readonly isBounded?: boolean | undefined
  /** The plugin's option that raises `timeoutMs`, for the error. */
  readonly timeoutOption?: string
  /**
   * The request that this one accompanies, such as the start of an attached container. Until it has resolved, unanswered
   * pings do not end this one: an engine that is busy with a start may answer nothing else.
   */
  readonly judgedAfter?: Promise<unknown>
  /** Sees the body of each answer: dockerode drops parts of some (the warnings of a create). */
  readonly onAnswer?: (answer: unknown) => void
}

/** What limits a call: its signal, or the default limits. An `Operation` is one. */
export type CallLimits = Pick<EngineCall, 'signal' | 'isBounded'>

export interface EngineRequest extends EngineCall {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /** Without version prefix: `/containers/x/logs`. Escape what is not validated. */
  readonly path: string
  /** `undefined` is left out, `true` is `1`, an array repeats the parameter, other objects are JSON. */
  readonly query?: Readonly<Record<string, QueryValue>>
  readonly headers?: Readonly<Record<string, string>>
  /** A stream is sent as it comes, and destroyed when the request fails; anything else that is no Buffer is JSON. */
  readonly body?: Buffer | Readable | object
  /** Sends the path without version prefix: for `/_ping`. */
  readonly unversioned?: boolean
}

export type QueryValue = string | number | boolean | object | undefined

export interface UpgradedConnection {
  /** `end` half-closes it. Destroying it is the holder's business; its errors go through `translate`. */
  readonly socket: Duplex
  /** What came in one packet with the headers: comes before all that the socket gives. */
  readonly head: Buffer
}
