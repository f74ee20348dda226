import { untilAborted } from '@capstan/core/plugin'
import type { DirectConnection, EngineService, ServedConnection } from './docker-endpoint.js'

/** Starts an engine at the first request, and again after it has exited. */
export class OnDemandEngine {
  readonly #serve: ServedConnection['serve']
  readonly #needed = new AbortController()
  #service: Promise<EngineService> | undefined

  constructor({ serve }: ServedConnection) {
    this.#serve = serve
  }

  /**
   * Starts the engine if necessary and resolves with its connection. Concurrent calls share one start; an abort ends
   * only the call with that signal.
   */
  async connect(signal: AbortSignal | undefined): Promise<DirectConnection> {
    signal?.throwIfAborted()
    const { connection } = await untilAborted(this.#start(), signal)
    return connection
  }

  /** Discards a connection at which nothing listens. The next call starts the engine again. */
  async forget(connection: DirectConnection): Promise<void> {
    const service = this.#service
    if (service === undefined || (await service).connection !== connection || this.#service !== service) return
    this.#service = undefined
    await (await service)[Symbol.asyncDispose]()
  }

  async close(): Promise<void> {
    this.#needed.abort(new Error('the engine is no longer needed'))
    const service = await this.#service?.catch(() => undefined)
    await service?.[Symbol.asyncDispose]()
  }

  #start(): Promise<EngineService> {
    this.#needed.signal.throwIfAborted()
    this.#service ??= this.#serve({ signal: this.#needed.signal }).catch((error: unknown) => {
      this.#service = undefined
      throw error
    })
    return this.#service
  }
}
