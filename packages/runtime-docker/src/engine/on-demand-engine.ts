import { untilAborted } from '@capstan/core/plugin'
import type { DirectConnection, EngineService, ServedConnection } from './docker-endpoint.js'

/** An engine that is made to listen when it is first needed, and again when it has ended by itself. */
export class OnDemandEngine {
  readonly #serve: ServedConnection['serve']
  readonly #needed = new AbortController()
  #service: Promise<EngineService> | undefined

  constructor({ serve }: ServedConnection) {
    this.#serve = serve
  }

  /** Many may wait for one start; the signal of one ends its waiting alone. */
  async connect(signal: AbortSignal | undefined): Promise<DirectConnection> {
    signal?.throwIfAborted()
    const { connection } = await untilAborted(this.#start(), signal)
    return connection
  }

  /** To be called when nothing listens at `connection` any more: the next call makes it listen anew. */
  async forget(connection: DirectConnection): Promise<void> {
    const service = this.#service
    if (service === undefined || (await service).connection !== connection || this.#service !== service) return
    this.#service = undefined
    await (await service)[Symbol.asyncDispose]()
  }

  async close(): Promise<void> {
    this.#needed.abort(new Error('the engine is needed no more'))
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
