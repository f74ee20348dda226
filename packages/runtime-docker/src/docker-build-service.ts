import type { Duplex } from 'node:stream'
import type { BuildService, BuildSessionHeaders, OperationOptions } from '@capstan/core'
import type { DockerEngine, EngineCall } from './engine/docker-engine.js'
import { openBuildKit, openBuildKitSession } from './engine/open-buildkit.js'

/** Connects to the BuildKit of a Docker Engine. */
export class DockerBuildService implements BuildService {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async connect(options: OperationOptions = {}): Promise<Duplex> {
    return await this.#open('connect', options, (call) => openBuildKit(this.#engine, call))
  }

  async openSession(headers: BuildSessionHeaders, options: OperationOptions = {}): Promise<Duplex | undefined> {
    return await this.#open('openSession', options, (call) => openBuildKitSession(this.#engine, headers, call))
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
}
