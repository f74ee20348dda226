import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { createHostError, type StringMap } from '@capstan/core'
import { compareApiVersions, isApiVersion, negotiateApiVersion, supportedApi } from '../api-version.js'
import type { DockerApi } from '../docker-api.js'
import type { DockerDetails } from '../docker-details.js'
import type { DockerEngine, EngineCall, EngineRequest, UpgradedConnection } from '../docker-engine.js'
import { texts } from '../docker-error-texts.js'
import { toHostError } from '../docker-errors.js'
import { AnswerFormatError } from './answer-format-error.js'
import { type CallLimit, limitCall } from './call-limit.js'
import { createDockerodeModem, type DialedRequest, type DockerodeModem } from './dockerode-modem.js'
import { EngineAnswerError } from './engine-answer-error.js'
import { HttpTransport, type TransportRequest } from './http-transport.js'
import { loadDockerode } from './load-dockerode.js'
import { readBody } from './read-body.js'
import { toRequestBody, toRequestPath } from './request-options.js'

/** An engine at the other end of `node:http`. Connects with its first call. */
export class HttpEngine implements DockerEngine {
  readonly runtimeName: string
  readonly details: DockerDetails
  readonly ownerLabels: StringMap
  readonly warn: (message: string) => void
  readonly #transport: HttpTransport
  readonly #loadApi: (modem: DockerodeModem) => Promise<DockerApi>
  readonly #closing = new AbortController()
  #apiVersion: string
  #negotiation: Promise<string> | undefined

  constructor({ runtimeName, details, ownerLabels, warn, loadApi = loadDockerode }: HttpEngineOptions) {
    this.runtimeName = runtimeName
    this.details = details
    this.ownerLabels = ownerLabels
    this.warn = warn
    this.#loadApi = loadApi
    this.#apiVersion = details.api.version
    this.#transport = new HttpTransport(details.endpoint)
  }

  get apiVersion(): string {
    return this.#apiVersion
  }

  async api(call: EngineCall): Promise<DockerApi> {
    this.#admit(call)
    return this.#loadApi(createDockerodeModem((request) => this.#dial({ ...call, ...request })))
  }

  async sendJson<T>(request: EngineRequest): Promise<T> {
    const answer = await this.#limited({ timeoutMs: shortCallMs, ...request }, async (limited, limit) => {
      try {
        const response = await this.#request(limited, { pooled: true })
        return readJson(await readBody(response))
      } finally {
        limit.release()
      }
    })
    request.onAnswer?.(answer)
    return answer as T // what the engine documents for this path; see EngineRequest
  }

  send(request: EngineRequest): Promise<IncomingMessage> {
    return this.#limited(request, async (limited, limit) => {
      const response = await this.#request(limited, { pooled: false })
      limit.stopClock()
      response.once('close', limit.release)
      return response
    })
  }

  upgrade(request: EngineRequest): Promise<UpgradedConnection> {
    return this.#limited(request, async (limited, limit) => {
      const connection = await this.#versioned(limited, { pooled: false }, (sent) => this.#transport.upgrade(sent))
      limit.stopClock()
      connection.socket.once('close', limit.release)
      return connection
    })
  }

  translate(cause: unknown, call: EngineCall): unknown {
    const { runtimeName, details } = this
    if (!call.signal?.aborted && this.#closing.signal.aborted) return this.#closing.signal.reason
    return toHostError(cause, { ...call, endpoint: details.endpoint.url, runtimeName })
  }

  async close(): Promise<void> {
    this.#closing.abort(createHostError('RUNTIME_UNAVAILABLE', { runtime: this.runtimeName, reports: [] }))
    this.#transport.close()
  }

  /** Zero requests for what is already over. */
  #admit({ signal }: EngineCall): void {
    signal?.throwIfAborted()
    this.#closing.signal.throwIfAborted()
  }

  /** Runs `work` under one signal of caller, deadline and closing; what it fails with is translated. */
  async #limited<T>(
    request: EngineRequest,
    work: (limited: EngineRequest, limit: CallLimit) => Promise<T>,
  ): Promise<T> {
    this.#admit(request)
    const { operation, timeoutMs } = request
    const limit = limitCall({ signals: [request.signal, this.#closing.signal], operation, timeoutMs })
    try {
      return await work({ ...request, signal: limit.signal }, limit)
    } catch (cause) {
      limit.release()
      if (request.body instanceof Readable) request.body.destroy()
      throw this.translate(cause, { ...request, signal: limit.signal })
    }
  }

  /** dockerode trusts an answer to have what it reads of it. */
  async #dial(request: EngineCall & DialedRequest): Promise<unknown> {
    const answer = await this.sendJson<{ readonly Id?: string } | undefined>(request)
    if (/^\/(containers|networks)\/create$|\/exec$/.test(request.path) && typeof answer?.Id !== 'string') {
      throw this.translate(new AnswerFormatError('the answer has no Id', JSON.stringify(answer ?? null)), request)
    }
    return answer
  }

  #request(request: EngineRequest, how: Pick<TransportRequest, 'pooled'>): Promise<IncomingMessage> {
    return this.#versioned(request, how, (sent) => this.#transport.request(sent))
  }

  /** An engine that was upgraded under us refuses our version: asks for its range, and tries once more. */
  async #versioned<T>(
    request: EngineRequest,
    { pooled }: Pick<TransportRequest, 'pooled'>,
    send: (sent: TransportRequest) => Promise<T>,
  ): Promise<T> {
    const version = this.#apiVersion
    const sendAs = (apiVersion: string) => send({ ...toTransportRequest(request, apiVersion), pooled })
    try {
      return await sendAs(version)
    } catch (error) {
      if (!isVersionRefusal(error)) throw error
      const agreed =
        this.details.api.pinned || request.body instanceof Readable ? version : await this.#renegotiate(version)
      if (agreed === version) throw this.#toVersionError(error, request)
      return await sendAs(agreed).catch((again: unknown) => {
        throw isVersionRefusal(again) ? this.#toVersionError(again, request) : again
      })
    }
  }

  #renegotiate(refused: string): Promise<string> {
    if (this.#apiVersion !== refused) return Promise.resolve(this.#apiVersion)
    this.#negotiation ??= this.#askVersion().finally(() => {
      this.#negotiation = undefined
    })
    return this.#negotiation
  }

  async #askVersion(): Promise<string> {
    const limit = limitCall({ signals: [this.#closing.signal], operation: 'negotiate', timeoutMs: pingMs })
    try {
      const ping = { method: 'GET', path: '/_ping', headers: {}, body: undefined, pooled: true, repeatable: true }
      const response = await this.#transport.request({ ...ping, signal: limit.signal })
      await readBody(response)
      const newest = response.headers['api-version']?.toString()
      if (!isApiVersion(newest)) throw new AnswerFormatError('the ping names no API version', String(newest))
      this.#apiVersion = negotiateApiVersion(newest)
      return this.#apiVersion
    } finally {
      limit.release()
    }
  }

  #toVersionError(cause: EngineAnswerError, { operation, subject }: EngineRequest): unknown {
    const limit = texts.versionLimit.exec(cause.text)?.[1] ?? this.details.api.newest
    const isOldest = compareApiVersions(limit, this.#apiVersion) > 0
    const engine = isOldest ? `from ${limit}` : `up to ${limit}`
    const reason = `the engine speaks API versions ${engine}, Capstan ${supportedApi.oldest} to ${supportedApi.newest}`
    return createHostError('OPERATION_FAILED', { operation, subject, status: cause.status, reason }, { cause })
  }
}

export interface HttpEngineOptions {
  readonly runtimeName: string
  readonly details: DockerDetails
  readonly ownerLabels: StringMap
  readonly warn: (message: string) => void
  /** Default: dockerode, loaded when it is first needed. */
  readonly loadApi?: (modem: DockerodeModem) => Promise<DockerApi>
}

function toTransportRequest(request: EngineRequest, apiVersion: string): Omit<TransportRequest, 'pooled'> {
  const { method, signal } = request
  const { body, headers } = toRequestBody(request)
  const repeatable = method === 'GET' || method === 'HEAD' || method === 'DELETE'
  return { method, path: toRequestPath(request, apiVersion), headers, body, repeatable, signal }
}

function isVersionRefusal(error: unknown): error is EngineAnswerError {
  return error instanceof EngineAnswerError && error.status === 400 && texts.versionRefused.test(error.text)
}

/** 304, 204 and a few 200s have no body; text that is no JSON is the engine's fault. */
function readJson(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new AnswerFormatError('the answer is no JSON', text)
  }
}

const shortCallMs = 60_000
const pingMs = 5_000
