import type { Duplex } from 'node:stream'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { type BuildService, type BuildSessionHeaders, isHostError, type OperationOptions } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { type CallOptions, type Client, Code, ConnectError, createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import {
  type BuildHistoryEvent,
  type BuildHistoryRequestSchema,
  Control,
  type SolveRequestSchema,
  type SolveResponse,
  type StatusResponse,
} from '../generated/control_pb.js'
import { type BuildRecord, toBuildRecord } from './build-record.js'
import { type FailedCall, toConnectionError, toControlError } from './control-errors.js'
import { type BuildKitWorker, type CacheRecord, toCacheRecord, toWorker } from './control-records.js'
import { SessionStream } from './session-stream.js'
import type { SilenceTimes } from './silence-watch.js'
import { StreamSessionManager } from './stream-session-manager.js'

/** Options of `prune`. */
export interface PruneOptions extends OperationOptions {
  /** Also removes internal and frontend records, and records that are referenced from outside BuildKit. Default false. */
  readonly all?: boolean
  /** Keeps the most recently used records up to this total size. Default 0. */
  readonly keepBytes?: number
}

/**
 * A client of BuildKit's control service. It uses gRPC over a stream, and closes the stream with the connection.
 *
 * Calls reject with CONNECTION_LOST when the connection ends, PROTOCOL_ERROR when the peer does not speak HTTP/2, TIMED_OUT
 * when there is no answer (`prune` has no limit), and OPERATION_FAILED when BuildKit rejects the call.
 */
export class BuildKitClient {
  /** Resolves when the connection has ended, on either side. */
  readonly ended: Promise<void>
  readonly #endpoint: string
  readonly #session: StreamSessionManager
  readonly #control: Client<typeof Control>
  readonly #connections: Pick<BuildKitClientOptions, 'connect' | 'openSession'>

  constructor(stream: Duplex, { endpoint, connect, openSession, ...times }: BuildKitClientOptions) {
    this.#endpoint = endpoint
    this.#connections = { ...(connect && { connect }), ...(openSession && { openSession }) }
    this.#session = new StreamSessionManager(stream, baseUrl, times)
    this.#control = createClient(Control, createGrpcTransport({ baseUrl, sessionManager: this.#session }))
    this.ended = this.#session.ended.then(() => {})
  }

  /** Whether the connection has ended. All further calls then reject. */
  get isClosed(): boolean {
    return this.#session.isClosed
  }

  /** Resolves when the daemon answers. */
  async ping(options?: OperationOptions): Promise<void> {
    await this.#call({ operation: 'info', timeoutMs }, options, (call) => this.#control.info({}, call))
  }

  async workers(options?: OperationOptions): Promise<readonly BuildKitWorker[]> {
    const send = (call: CallOptions) => this.#control.listWorkers({}, call)
    return (await this.#call({ operation: 'workers', timeoutMs }, options, send)).record.map(toWorker)
  }

  async diskUsage(options?: OperationOptions): Promise<readonly CacheRecord[]> {
    const send = (call: CallOptions) => this.#control.diskUsage({}, call)
    return (await this.#call({ operation: 'diskUsage', timeoutMs }, options, send)).record.map(toCacheRecord)
  }

  async prune({ all = false, keepBytes = 0, signal }: PruneOptions = {}): Promise<readonly CacheRecord[]> {
    if (!(Number.isSafeInteger(keepBytes) && keepBytes >= 0)) {
      const expected = 'a non-negative integer (bytes)'
      throw createHostError('INVALID_ARGUMENT', { field: 'keepBytes', expected, given: String(keepBytes) })
    }
    return this.#call({ operation: 'prune', timeoutMs: undefined }, { signal }, async (call) => {
      const removed: CacheRecord[] = []
      const request = { all, reservedSpace: BigInt(keepBytes) }
      for await (const record of this.#control.prune(request, call)) removed.push(toCacheRecord(record))
      return removed
    })
  }

  /**
   * Runs one build, and resolves when it has ended. An abort cancels it on the daemon. It has no time limit.
   *
   * @throws HostError OPERATION_FAILED when the build fails. Its cause is the error of gRPC, with the details of BuildKit. They
   * have the Dockerfile. If they are too large to be received, the error is that of the history, without details.
   */
  async solve(
    request: MessageInitShape<typeof SolveRequestSchema>,
    options?: OperationOptions,
  ): Promise<SolveResponse> {
    const send = (call: CallOptions) => this.#control.solve(request, call)
    try {
      return await this.#call({ operation: 'solve', timeoutMs: undefined }, options, send)
    } catch (error) {
      const recorded = await this.#findLostError(request.Ref, error, options).catch(() => undefined)
      options?.signal?.throwIfAborted()
      throw recorded ?? error
    }
  }

  /** Reads the progress of the build `ref`, also before it has started. Ends when the build has ended. */
  async *status(ref: string, options?: OperationOptions): AsyncIterable<StatusResponse> {
    yield* this.#read({ operation: 'status', timeoutMs: undefined }, options, (call) =>
      this.#control.status({ Ref: ref }, call),
    )
  }

  /**
   * Opens the connection on which the daemon calls this client during builds. Its bytes are HTTP/2, and this side is the server.
   * A header with several values is sent as several fields. Without a connection of its own (`openSession` of the options) it
   * is a call on the connection of this client.
   *
   * The stream fails when the connection ends or the daemon rejects the call. Destroying it cancels the call.
   */
  async openSession(headers: BuildSessionHeaders, options: OperationOptions = {}): Promise<Duplex> {
    options.signal?.throwIfAborted()
    const own = await this.#connections.openSession?.(headers, options)
    if (own !== undefined) return own
    if (this.#session.isClosed) {
      const failedCall = { operation: 'session', timeoutMs: undefined, endpoint: this.#endpoint }
      throw toConnectionError(await this.#session.ended, failedCall)
    }
    const path = `/${Control.typeName}/${Control.method.session.name}`
    const grpc = { 'content-type': 'application/grpc+proto', te: 'trailers' }
    const call = await this.#session.request('POST', path, { ...headers, ...grpc }, {})
    call.on('data', () => this.#session.notifyResponseByteRead())
    return new SessionStream(call)
  }

  /** Reads the history of builds, and then changes of it until `signal` aborts, unless `EarlyExit` is set. */
  async *listenBuildHistory(
    request: MessageInitShape<typeof BuildHistoryRequestSchema>,
    options?: OperationOptions,
  ): AsyncIterable<BuildHistoryEvent> {
    yield* this.#read({ operation: 'history', timeoutMs: undefined }, options, (call) =>
      this.#control.listenBuildHistory(request, call),
    )
  }

  /**
   * Lists the builds that run and those in the history of the daemon, the newest first.
   *
   * @throws HostError OPERATION_FAILED with status 12 on a daemon without a history, before BuildKit v0.11.
   */
  async builds(options?: OperationOptions): Promise<readonly BuildRecord[]> {
    const records = new Map<string, BuildRecord>()
    for await (const event of this.listenBuildHistory({ EarlyExit: true }, options)) {
      const record = toBuildRecord(event)
      if (record !== undefined) records.set(record.ref, record)
    }
    const toTime = ({ createdAt }: BuildRecord) => createdAt?.getTime() ?? 0
    return [...records.values()].sort((one, other) => toTime(other) - toTime(one))
  }

  /** Removes a build from the history. Resolves if it is not in the history. Does not stop a running build. */
  async removeBuild(ref: string, options?: OperationOptions): Promise<void> {
    await this.#call({ operation: 'history', timeoutMs }, options, (call) =>
      this.#control.updateBuildHistory({ Ref: ref, Delete: true }, call),
    )
  }

  /** Ends the connection and its stream. Pending calls reject with CONNECTION_LOST. Idempotent. */
  close(): void {
    this.#session.close()
  }

  /** Finds the error of a build that could not be received, in the history. */
  async #findLostError(ref = '', error: unknown, options: OperationOptions = {}): Promise<Error | undefined> {
    if (!this.isClosed) return isReset(error) ? this.#findRecordedError(ref, options) : undefined
    if (!(await this.#session.ended).isUnreadable) return undefined
    const stream = await this.#connections.connect?.(options)
    if (stream === undefined) return undefined
    const other = new BuildKitClient(stream, { endpoint: this.#endpoint })
    try {
      return await other.#findRecordedError(ref, options)
    } finally {
      other.close()
    }
  }

  /** The record is complete shortly after the build. */
  async #findRecordedError(ref: string, { signal }: OperationOptions): Promise<Error | undefined> {
    const limit = AbortSignal.any([AbortSignal.timeout(recordMs), ...(signal ? [signal] : [])])
    for await (const { record } of this.listenBuildHistory({ Ref: ref }, { signal: limit })) {
      if (record?.error === undefined) continue
      const { code, message, details } = record.error
      const cause = new ConnectError(message, code)
      // The BuildKit of Docker 26 records the details, that of Docker 28 does not.
      cause.details = details.map(({ typeUrl: type, value }) => ({ type, value }))
      return toControlError(cause, { operation: 'solve', timeoutMs: undefined, endpoint: this.#endpoint })
    }
    return undefined
  }

  async *#read<T>(
    call: Omit<FailedCall, 'endpoint'>,
    options: OperationOptions | undefined,
    send: (options: CallOptions) => AsyncIterable<T>,
  ): AsyncIterable<T> {
    const canceling = new AbortController()
    const signals = [canceling.signal, ...(options?.signal ? [options.signal] : [])]
    const messages = send({ signal: AbortSignal.any(signals) })[Symbol.asyncIterator]()
    try {
      for (;;) {
        const { value, done } = await this.#call(call, options, () => messages.next())
        if (done) return
        yield value
      }
    } finally {
      canceling.abort()
    }
  }

  async #call<T>(
    { operation, timeoutMs }: Omit<FailedCall, 'endpoint'>,
    { signal }: OperationOptions = {},
    send: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const failedCall = { operation, timeoutMs, endpoint: this.#endpoint }
    signal?.throwIfAborted()
    // The library never settles a call whose connection ends while the call is sent.
    const connectionEnd = this.#session.ended.then((end) => Promise.reject(toConnectionError(end, failedCall)))
    try {
      return await Promise.race([send({ ...(signal && { signal }), ...(timeoutMs && { timeoutMs }) }), connectionEnd])
    } catch (error) {
      signal?.throwIfAborted()
      if (this.#session.isClosed) throw toConnectionError(await this.#session.ended, failedCall)
      throw toControlError(error, failedCall)
    }
  }
}

/** Options of a `BuildKitClient`. */
export interface BuildKitClientOptions extends SilenceTimes {
  /** The name of the daemon in errors. */
  readonly endpoint: string
  /** Opens another connection to the daemon, if this one ends because of an error that cannot be received. */
  readonly connect?: BuildService['connect']
  /** Opens a separate connection for a session. By default, and where it resolves with `undefined`, there is none. */
  readonly openSession?: BuildService['openSession']
}

/** Whether the daemon has ended a call without a status. gRPC's server does so when the headers of the status are too large. */
function isReset(error: unknown): boolean {
  return isHostError(error, 'OPERATION_FAILED') && error.facts.status === Code.Internal
}

/** The library requires a URL. The host name is never resolved. */
const baseUrl = 'http://buildkit'
/** A daemon with a large cache needs time to measure it. */
const timeoutMs = 120_000
const recordMs = 5_000
