import type { Duplex } from 'node:stream'
import { createHostError, type OperationOptions } from '@capstan/core'
import { type CallOptions, type Client, createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import type { BuildKitWorker, CacheRecord, PruneOptions } from '../buildkit-sidecar.js'
import { toControlError, toEndError } from './control-errors.js'
import { toCacheRecord, toWorker } from './control-records.js'
import { Control } from './generated/control_pb.js'
import { StreamSession } from './stream-session.js'

/** BuildKit's control service at the other end of a stream. */
export interface ControlClient {
  /** Resolves when the connection is over, by whichever end. */
  readonly ended: Promise<void>
  /** Whether it is over: then nothing is answered any more. */
  readonly isOver: boolean
  /** Which BuildKit answers. */
  info(options?: OperationOptions): Promise<BuildKitInfo>
  workers(options?: OperationOptions): Promise<readonly BuildKitWorker[]>
  diskUsage(options?: OperationOptions): Promise<readonly CacheRecord[]>
  prune(options?: PruneOptions): Promise<readonly CacheRecord[]>
  /** Ends the connection and its stream; what is under way rejects with CONNECTION_LOST. Idempotent. */
  close(): void
}

export interface BuildKitInfo {
  /** `v0.32.2` */
  readonly version: string
  readonly revision: string
}

/**
 * Speaks gRPC over `stream`, which it owns from then on, for as long as that lives. `endpoint` names it in errors.
 *
 * A peer that goes away is CONNECTION_LOST, one that speaks something else PROTOCOL_ERROR, one that does not answer
 * TIMED_OUT (a prune may take its time), a refusal OPERATION_FAILED.
 */
export function createControlClient(stream: Duplex, { endpoint }: { readonly endpoint: string }): ControlClient {
  return new GrpcControlClient(stream, endpoint)
}

class GrpcControlClient implements ControlClient {
  readonly ended: Promise<void>
  readonly #endpoint: string
  readonly #session: StreamSession
  readonly #control: Client<typeof Control>

  constructor(stream: Duplex, endpoint: string) {
    this.#endpoint = endpoint
    this.#session = new StreamSession(stream, baseUrl)
    this.#control = createClient(Control, createGrpcTransport({ baseUrl, sessionManager: this.#session }))
    this.ended = this.#session.ended.then(() => {})
  }

  get isOver(): boolean {
    return this.#session.isOver
  }

  info(options?: OperationOptions): Promise<BuildKitInfo> {
    return this.#ask({ operation: 'info', timeoutMs }, options, async (call) => {
      const { version = '', revision = '' } = (await this.#control.info({}, call)).buildkitVersion ?? {}
      return { version, revision }
    })
  }

  workers(options?: OperationOptions): Promise<readonly BuildKitWorker[]> {
    return this.#ask({ operation: 'workers', timeoutMs }, options, async (call) => {
      return (await this.#control.listWorkers({}, call)).record.map(toWorker)
    })
  }

  diskUsage(options?: OperationOptions): Promise<readonly CacheRecord[]> {
    return this.#ask({ operation: 'diskUsage', timeoutMs }, options, async (call) => {
      return (await this.#control.diskUsage({}, call)).record.map(toCacheRecord)
    })
  }

  async prune({ all = false, keepBytes = 0, signal }: PruneOptions = {}): Promise<readonly CacheRecord[]> {
    checkBytes('keepBytes', keepBytes)
    return this.#ask({ operation: 'prune' }, { signal }, async (call) => {
      const removed: CacheRecord[] = []
      const request = { all, reservedSpace: BigInt(keepBytes) }
      for await (const record of this.#control.prune(request, call)) removed.push(toCacheRecord(record))
      return removed
    })
  }

  close(): void {
    this.#session.close()
  }

  async #ask<T>(
    { operation, timeoutMs }: Question,
    { signal }: OperationOptions = {},
    call: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    const subject = { operation, endpoint: this.#endpoint }
    signal?.throwIfAborted()
    // A call whose connection just ends is never settled by the library.
    const over = this.#session.ended.then((end) => Promise.reject(toEndError(end, subject)))
    try {
      return await Promise.race([call({ ...(signal && { signal }), ...(timeoutMs && { timeoutMs }) }), over])
    } catch (error) {
      signal?.throwIfAborted()
      if (this.#session.isOver) throw toEndError(await this.#session.ended, subject)
      throw toControlError(error, { ...subject, timeoutMs })
    }
  }
}

interface Question {
  readonly operation: string
  readonly timeoutMs?: number
}

function checkBytes(field: string, bytes: number): void {
  if (Number.isSafeInteger(bytes) && bytes >= 0) return
  throw createHostError('INVALID_ARGUMENT', { field, expected: 'a number of bytes', given: String(bytes) })
}

/** The name of the host is never looked up: it only has to be one. */
const baseUrl = 'http://buildkit'
/** A daemon with a large cache may need a while to measure it. */
const timeoutMs = 120_000
