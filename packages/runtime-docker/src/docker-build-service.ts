import type { Duplex } from 'node:stream'
import { type BuildService, isHostError, type OperationOptions } from '@capstan/core'
import type { DockerEngine, EngineCall } from './engine/docker-engine.js'

/** Connects to the BuildKit of a Docker Engine. */
export class DockerBuildService implements BuildService {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async connect(options: OperationOptions = {}): Promise<Duplex> {
    const { signal, end } = this.#engine.operations.begin(options.signal)
    const call = { operation: 'connect', subject: 'BuildKit', signal, hasCallerSignal: options.signal !== undefined }
    try {
      return (await openBuildKit(this.#engine, call)).once('close', end)
    } catch (error) {
      end()
      throw error
    }
  }
}

/**
 * Upgrades a connection to HTTP/2. API 1.53 deprecates the request: an engine without it serves BuildKit's API on every
 * connection. https://docs.docker.com/reference/api/engine/version-history/
 */
async function openBuildKit(engine: DockerEngine, call: EngineCall): Promise<Duplex> {
  try {
    const headers = { Upgrade: 'h2c' }
    const { socket, head } = await engine.upgrade({ ...call, method: 'POST', path: '/grpc', headers })
    // The bytes of the server's SETTINGS frame may arrive with the answer.
    if (head.length > 0) socket.unshift(head)
    return socket
  } catch (error) {
    if (!isHostError(error, 'OPERATION_FAILED') || error.facts.status !== 404) throw error
    return await engine.connect(call)
  }
}
