import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import { createHostError, untilAborted } from '@capstan/core/plugin'
import { retryVanishedImage } from '../quirks/vanished-images.js'
import { AnswerFormatError } from './answer-format-error.js'
import { type ApiRange, isApiVersion, negotiateApiVersion, supportedApi, toRangesText } from './api-version.js'
import { limitCall } from './call-limit.js'
import type { DockerDetails } from './docker-details.js'
import type { DirectAddress } from './docker-endpoint.js'
import type { EngineRequest, UpgradedConnection } from './docker-engine.js'
import { isImageVanished, isVersionRefusal, readVersionLimit } from './docker-error-texts.js'
import type { DockerTimeouts } from './docker-timeouts.js'
import type { EngineAnswerError } from './engine-answer-error.js'
import { HttpTransport, type TransportRequest } from './http-transport.js'
import { parseJson, toObject } from './json-values.js'
import { readBody } from './read-body.js'
import { toRequestBody, toRequestPath } from './request-options.js'

/**
 * Sends requests to one engine in the negotiated API version. Rejects with the errors of the transport, or with
 * OPERATION_FAILED and both API ranges when the version is refused.
 *
 * When the engine refuses the API version, it is negotiated again and the request repeated once, unless the environment
 * pins the version or the body is a stream.
 */
export class EngineConnection {
  readonly #details: DockerDetails
  readonly #timeouts: DockerTimeouts
  readonly #transport: HttpTransport
  #apiVersion: string
  #negotiation: Promise<string> | undefined

  constructor(details: DockerDetails, timeouts: DockerTimeouts) {
    this.#details = details
    this.#timeouts = timeouts
    this.#apiVersion = details.api.version
    this.#transport = new HttpTransport(details.endpoint, timeouts)
  }

  get apiVersion(): string {
    return this.#apiVersion
  }

  /** Sends a request. `pooled`: on a keep-alive connection, for short requests. */
  request(request: EngineRequest, { pooled }: Pick<TransportRequest, 'pooled'>): Promise<IncomingMessage> {
    return retryVanishedImage(request, isImageVanished, () =>
      this.#versioned(request, (sent) => this.#transport.request({ ...sent, pooled })),
    )
  }

  upgrade(request: EngineRequest): Promise<UpgradedConnection> {
    return this.#versioned(request, (sent) => this.#transport.upgrade({ ...sent, pooled: false }))
  }

  /** Opens a connection without a request. */
  connect({ signal }: Pick<EngineRequest, 'signal'>): Promise<Duplex> {
    return this.#transport.connect({ signal })
  }

  /** Resolves with the address of the engine, which is started if necessary. */
  findAddress({ signal }: Pick<EngineRequest, 'signal'>): Promise<DirectAddress> {
    return this.#transport.findAddress(signal)
  }

  close(): Promise<void> {
    return this.#transport.close()
  }

  async #versioned<T>(request: EngineRequest, send: (sent: VersionedRequest) => Promise<T>): Promise<T> {
    const version = this.#apiVersion
    const sendAs = (apiVersion: string) => send(toTransportRequest(request, apiVersion))
    try {
      return await sendAs(version)
    } catch (error) {
      if (!isVersionRefusal(error)) throw error
      const isFixed = this.#details.api.pinned || request.body instanceof Readable
      const agreed = isFixed ? version : await untilAborted(this.#renegotiate(version), request.signal)
      if (agreed === version) throw await this.#toVersionError(error, request)
      return await sendAs(agreed).catch(async (again: unknown) => {
        throw isVersionRefusal(again) ? await this.#toVersionError(again, request) : again
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
    const response = await this.#ask('/_ping')
    const newest = response.headers['api-version']?.toString()
    if (!isApiVersion(newest)) throw new AnswerFormatError('the answer to the ping has no API version', String(newest))
    this.#apiVersion = negotiateApiVersion(newest)
    return this.#apiVersion
  }

  /** Sends a request without version prefix, which every engine answers. */
  async #ask(path: '/_ping' | '/version'): Promise<{ readonly headers: IncomingHttpHeaders; readonly body: string }> {
    const limit = limitCall({ signals: [], operation: 'negotiate', timeoutMs: this.#timeouts.answerMs })
    try {
      const question = { method: 'GET', path, headers: {}, body: undefined, pooled: true, repeatable: true }
      const response = await this.#transport.request({ ...question, signal: limit.signal })
      return { headers: response.headers, body: await readBody(response) }
    } finally {
      limit.release()
    }
  }

  async #toVersionError(cause: EngineAnswerError, { operation, subject, signal }: EngineRequest): Promise<unknown> {
    const asked = await untilAborted(
      this.#ask('/version').catch(() => undefined),
      signal,
    )
    const reason = toRangesText({ ...readVersionLimit(cause), ...readVersionRange(asked?.body ?? '') }, supportedApi)
    return createHostError('OPERATION_FAILED', { operation, subject, status: cause.status, reason }, { cause })
  }
}

/** Reads both bounds of the range from the answer to `/version`. */
function readVersionRange(body: string): Partial<ApiRange> {
  const { ApiVersion: newest, MinAPIVersion: oldest } = toObject(parseJson(body))
  return { ...(isApiVersion(newest) ? { newest } : {}), ...(isApiVersion(oldest) ? { oldest } : {}) }
}

type VersionedRequest = Omit<TransportRequest, 'pooled'>

function toTransportRequest(request: EngineRequest, apiVersion: string): VersionedRequest {
  const { method, signal } = request
  const { body, headers } = toRequestBody(request)
  const repeatable = method === 'GET' || method === 'HEAD' || method === 'DELETE'
  return { method, path: toRequestPath(request, apiVersion), headers, body, repeatable, signal }
}
