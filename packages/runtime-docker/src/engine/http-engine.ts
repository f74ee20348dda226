import type { IncomingMessage } from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import { isHostError, type OperationOptions } from '@capstan/core'
import {
  type ClosedRuntime,
  type Environment,
  type Operation,
  OperationScope,
  type StringMap,
} from '@capstan/core/plugin'
import { AnswerFormatError } from './answer-format-error.js'
import { type CallLimit, limitCall } from './call-limit.js'
import { ContainerRegistry } from './container-registry.js'
import type { DockerApi, InspectedContainer, ListedContainer } from './docker-api.js'
import type { DockerDetails } from './docker-details.js'
import type { DirectAddress } from './docker-endpoint.js'
import type { DockerEngine, EngineCall, EngineRequest, UpgradedConnection } from './docker-engine.js'
import { toHostError } from './docker-errors.js'
import { type DockerTimeouts, defaultTimeouts } from './docker-timeouts.js'
import { createDockerodeModem, type DialedRequest } from './dockerode-modem.js'
import { EngineAnswerError } from './engine-answer-error.js'
import { EngineConnection } from './engine-connection.js'
import { loadDockerode } from './load-dockerode.js'
import { readBody } from './read-body.js'
import { sandboxedKey } from './sandbox-labels.js'
import { watchLiveness } from './streams/liveness.js'

/** A DockerEngine over `node:http`. Connects at the first call. */
export class HttpEngine implements DockerEngine {
  readonly runtimeName: string
  readonly details: DockerDetails
  readonly ownerLabels: StringMap
  readonly env: Environment
  readonly warn: (message: string) => void
  readonly timeouts: DockerTimeouts
  readonly containers: ContainerRegistry = new ContainerRegistry()
  readonly operations: OperationScope
  readonly #connection: EngineConnection
  /** The limits of the requests without an answer, in the order of sending. */
  readonly #unanswered = new Set<CallLimit>()

  constructor(options: HttpEngineOptions) {
    this.runtimeName = options.runtimeName
    this.details = options.details
    this.ownerLabels = options.ownerLabels
    this.env = options.env
    this.warn = options.warn
    this.timeouts = { ...defaultTimeouts, ...options.timeouts }
    this.#connection = new EngineConnection(options.details, this.timeouts)
    const { undoMs, closeMs } = this.timeouts
    this.operations = new OperationScope({ runtime: toClosedRuntime(options.details, options), undoMs, closeMs })
  }

  get apiVersion(): string {
    return this.#connection.apiVersion
  }

  run<T>(
    operation: string,
    subject: string,
    { signal }: OperationOptions,
    effect: (call: Operation) => Promise<T>,
  ): Promise<T> {
    return this.operations.run({ operation, subject }, { signal }, effect)
  }

  async api(call: EngineCall): Promise<DockerApi> {
    this.#throwIfEnded(call)
    return loadDockerode(createDockerodeModem((request) => this.#sendForDockerode({ ...call, ...request })))
  }

  async sendJson<T>(request: EngineRequest): Promise<T> {
    const answer = await this.#limited(this.#withAnswerLimit(request), async (limited, limit) => {
      if (limited.timeoutMs === undefined) this.#pingUntilReleased(request, limit)
      const response = await this.#connection.request(limited, { pooled: true })
      const value = readJson(await readBody(response))
      limit.release()
      return value
    })
    request.onAnswer?.(answer)
    return answer as T // the type documented for this path
  }

  send(request: EngineRequest): Promise<IncomingMessage> {
    return this.#limited(request, async (limited, limit) => {
      const watchAnswered = this.#watchHeaders(limited, limit)
      const response = await this.#connection.request(limited, { pooled: false })
      watchAnswered(response)
      return response
    })
  }

  upgrade(request: EngineRequest): Promise<UpgradedConnection> {
    return this.#limited(this.#withAnswerLimit(request), async (limited, limit) => {
      const watchAnswered = this.#watchHeaders(limited, limit)
      const connection = await this.#connection.upgrade(limited)
      watchAnswered(connection.socket)
      return connection
    })
  }

  connect(call: EngineCall): Promise<Duplex> {
    return this.#attempt(this.#withAnswerLimit({ ...call, method: 'GET', path: '/' }), async (limited, limit) => {
      const watchOpened = this.#watchHeaders(limited, limit)
      const socket = await this.#connection.connect(limited)
      watchOpened(socket)
      return socket
    })
  }

  findAddress(call: EngineCall): Promise<DirectAddress> {
    return this.#attempt({ ...call, method: 'GET', path: '/' }, async (limited, limit) => {
      const address = await this.#connection.findAddress(limited)
      limit.release()
      return address
    })
  }

  translate(cause: unknown, call: EngineCall): unknown {
    const { closed } = this.operations
    if (closed.aborted && !call.signal?.aborted) return closed.reason
    const { runtimeName, details } = this
    return toHostError(cause, { ...call, endpoint: details.endpoint.url, runtimeName })
  }

  async close(): Promise<void> {
    await this.operations.close()
    await this.#connection.close()
  }

  /** Throws before any request when the signal has aborted or the runtime is closed. */
  #throwIfEnded({ signal }: EngineCall): void {
    signal?.throwIfAborted()
    this.operations.closed.throwIfAborted()
  }

  /** Runs `work`, and repeats it once when another process has replaced the container. */
  async #limited<T>(
    request: EngineRequest,
    work: (limited: EngineRequest, limit: CallLimit) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#attempt(request, work)
    } catch (error) {
      if (!isHostError(error, 'CONTAINER_NOT_FOUND') || !(await this.#isReplaced(request))) throw error
      return this.#attempt(request, work)
    }
  }

  async #isReplaced({ path, body, method: _method, query: _query, headers: _headers, ...call }: EngineRequest) {
    const [, id] = /^\/containers\/([0-9a-f]{64})(\/|$)/.exec(path) ?? []
    if (id === undefined || body instanceof Readable || this.containers.findSandboxed(id) !== undefined) return false
    const filters = { label: [sandboxedKey] }
    const listing = { ...call, method: 'GET', path: '/containers/json', query: { all: true, filters } } as const
    const listed = await this.sendJson<readonly ListedContainer[]>(listing).catch(() => [])
    await this.#recordListed(listed, call)
    return this.containers.findSandboxed(id) !== undefined
  }

  /** Runs `work` with a signal for abort, deadline and closing, and translates its error. */
  async #attempt<T>(
    request: EngineRequest,
    work: (limited: EngineRequest, limit: CallLimit) => Promise<T>,
  ): Promise<T> {
    const { operation, timeoutMs, timeoutOption: option } = request
    const limit = limitCall({ signals: [request.signal, this.operations.closed], operation, timeoutMs, option })
    if (timeoutMs === undefined || option === answerOption) this.#unanswered.add(limit)
    try {
      this.#throwIfEnded(request)
      const path = this.containers.toEnginePath(request.path)
      const result = await work({ ...request, path, signal: limit.signal }, limit)
      this.#renewLater(limit)
      return result
    } catch (cause) {
      if (cause instanceof EngineAnswerError) this.#renewLater(limit)
      limit.release()
      if (request.body instanceof Readable) request.body.destroy()
      throw this.translate(cause, { ...request, signal: limit.signal })
    } finally {
      this.#unanswered.delete(limit)
    }
  }

  /**
   * Renews the deadlines of the requests that were sent after an answered one and wait for their answers: an engine with
   * many requests answers them one after the other. Only earlier requests count, so each deadline passes at some time.
   */
  #renewLater(answered: CallLimit): void {
    let isLater = false
    for (const limit of this.#unanswered) {
      if (isLater) limit.renewDeadline()
      isLater ||= limit === answered
    }
  }

  /** Adds the default limit to a request, unless the caller passed a signal or a limit. */
  #withAnswerLimit(request: EngineRequest): EngineRequest {
    const { timeoutMs, signal, hasCallerSignal = signal !== undefined } = request
    if (timeoutMs !== undefined || hasCallerSignal) return request
    return { ...request, timeoutMs: this.timeouts.answerMs, timeoutOption: answerOption }
  }

  #pingUntilReleased(call: EngineCall, limit: CallLimit): () => void {
    const stop = watchLiveness(this, call, { onLost: limit.abort })
    limit.onRelease(stop)
    return stop
  }

  /**
   * Pings the engine from the start if there is no deadline for the headers. Returns the function to call at the
   * headers with the stream of the answer: it ends the deadline, and pings the engine until the stream closes; with
   * `pingAfter`, once that promise has resolved.
   */
  #watchHeaders(call: EngineRequest, limit: CallLimit): (stream: Readable) => void {
    const stop = call.timeoutMs === undefined ? this.#pingUntilReleased(call, limit) : undefined
    return (stream) => {
      limit.cancelDeadline()
      stream.once('close', limit.release)
      if (call.pingAfter === undefined) return void (stop ?? this.#pingUntilReleased(call, limit))
      stop?.()
      let isReleased = false
      limit.onRelease(() => {
        isReleased = true
      })
      call.pingAfter.then(
        () => void (isReleased || this.#pingUntilReleased(call, limit)),
        () => {},
      )
    }
  }

  /** Sends a request of dockerode. Checks the fields that dockerode reads without checking. */
  async #sendForDockerode(request: EngineCall & DialedRequest): Promise<unknown> {
    if (/^\/networks\/[^/]+\/(connect|disconnect)$/.test(request.path)) return this.#sendWithoutAnswer(request)
    const answer = await this.sendJson<{ readonly Id?: string } | undefined>(request)
    if (/^\/(containers|networks)\/create$|\/exec$/.test(request.path) && typeof answer?.Id !== 'string') {
      throw this.translate(new AnswerFormatError('the answer has no Id', JSON.stringify(answer ?? null)), request)
    }
    if (request.method !== 'GET') return answer
    // The casts match the documented answers for these two paths.
    if (/^\/containers\/[^/]+\/json$/.test(request.path))
      return this.containers.recordInspected(answer as InspectedContainer)
    return request.path === '/containers/json' && Array.isArray(answer) ? this.#recordListed(answer, request) : answer
  }

  async #recordListed(
    listed: readonly ListedContainer[],
    { operation, signal }: EngineCall,
  ): Promise<readonly ListedContainer[]> {
    for (const { Id } of listed.filter((container) => this.containers.isUncertain(container))) {
      const request = { operation, signal, subject: Id, method: 'GET', path: `/containers/${Id}/json` } as const
      await this.sendJson<InspectedContainer>(request).then(
        (container) => this.containers.recordInspected(container),
        () => undefined, // the container may have been removed
      )
    }
    return listed.map((container) => this.containers.recordListed(container))
  }

  /** Sends a request whose answer is ignored, since it is not JSON on every engine. */
  async #sendWithoutAnswer(request: EngineCall & DialedRequest): Promise<void> {
    const response = await this.send(this.#withAnswerLimit(request))
    await readBody(response).catch((cause) => Promise.reject(this.translate(cause, request)))
  }
}

export interface HttpEngineOptions
  extends Pick<DockerEngine, 'runtimeName' | 'details' | 'ownerLabels' | 'env' | 'warn'> {
  /** The package that the error after `close` names. */
  readonly packageName?: string | undefined
  readonly packageVersion?: string | undefined
  /** Default for each: {@link defaultTimeouts}. */
  readonly timeouts?: Partial<DockerTimeouts>
}

/** Returns the names of a runtime for the error of calls after it is closed. */
export function toClosedRuntime(
  details: DockerDetails,
  {
    runtimeName,
    packageName,
    packageVersion,
  }: Pick<HttpEngineOptions, 'runtimeName' | 'packageName' | 'packageVersion'>,
): ClosedRuntime {
  return { runtime: runtimeName, endpoint: details.endpoint.url, packageName, packageVersion }
}

/** Parses the answer. 304, 204 and some answers with 200 have no body. */
function readJson(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new AnswerFormatError('the answer is not JSON', text)
  }
}

const answerOption = 'timeouts.answerMs'
