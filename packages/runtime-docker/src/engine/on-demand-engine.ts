import { untilAborted } from '@capstan/core/plugin'
import type { DirectAddress, EngineService, OnDemandAddress } from './docker-endpoint.js'

/** Starts an engine at the first request, and again after it has exited. */
export class OnDemandEngine {
  readonly #startService: OnDemandAddress['start']
  readonly #needed = new AbortController()
  #service: Promise<EngineService> | undefined

  constructor({ start }: OnDemandAddress) {
    this.#startService = start
  }

  /**
   * Starts the engine if necessary and resolves with its address. Concurrent calls share one start; an abort ends
   * only the call with that signal.
   */
  async connect(signal: AbortSignal | undefined): Promise<DirectAddress> {
    signal?.throwIfAborted()
    const { address } = await untilAborted(this.#start(), signal)
    return address
  }

  /** Discards an address at which nothing listens. The next call starts the engine again. */
  async forget(address: DirectAddress): Promise<void> {
    const service = this.#service
    if (service === undefined || (await service).address !== address || this.#service !== service) return
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
    this.#service ??= this.#startService({ signal: this.#needed.signal }).catch((error: unknown) => {
      this.#service = undefined
      throw error
    })
    return this.#service
  }
}
