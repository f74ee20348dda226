import type { Duplex } from 'node:stream'
import { type BuildService, type BuildSessionHeaders, isHostError, type OperationOptions } from '@capstan/core'
import type { DockerEngine, EngineCall, RequestHeaders } from './engine/docker-engine.js'

/**
 * Connects to the BuildKit of a Docker Engine. API 1.53 deprecates both requests:
 * https://docs.docker.com/reference/api/engine/version-history/
 */
export class DockerBuildService implements BuildService {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async connect(options: OperationOptions = {}): Promise<Duplex> {
    return await this.#open('connect', options, async (call) => {
      // An engine without the request serves BuildKit's API on every connection.
      return (await this.#upgrade(call, '/grpc')) ?? (await this.#engine.connect(call))
    })
  }

  async openSession(headers: BuildSessionHeaders, options: OperationOptions = {}): Promise<Duplex | undefined> {
    return await this.#open('openSession', options, (call) => this.#upgrade(call, '/session', headers))
  }

  /** Opens a connection that belongs to the runtime until it is closed. */
  async #open<T extends Duplex | undefined>(
    operation: string,
    options: OperationOptions,
    open: (call: EngineCall) => Promise<T>,
  ): Promise<T> {
    const { signal, end } = this.#engine.operations.begin(options.signal)
    let connection: T | undefined
    try {
      const hasCallerSignal = options.signal !== undefined
      connection = await open({ operation, subject: 'BuildKit', signal, hasCallerSignal })
      return connection
    } finally {
      if (connection === undefined) end()
      else connection.once('close', end)
    }
  }

  /** Upgrades a connection to HTTP/2. Resolves with `undefined` if the engine does not have the path. */
  async #upgrade(call: EngineCall, path: string, headers: RequestHeaders = {}): Promise<Duplex | undefined> {
    try {
      const request = { ...call, method: 'POST', path, headers: { ...headers, Upgrade: 'h2c' } } as const
      const { socket, head } = await this.#engine.upgrade(request)
      // The first frames of the peer may arrive with the answer.
      if (head.length > 0) socket.unshift(head)
      return socket
    } catch (error) {
      if (!isHostError(error, 'OPERATION_FAILED') || error.facts.status !== 404) throw error
      return undefined
    }
  }
}
