import type { BuildKitClient } from '@capstan/buildkit-client'
import type { ExecManager, OperationOptions } from '@capstan/core'
import { type Argv, createHostError, untilAborted } from '@capstan/core/plugin'
import { startExec } from '../container/exec.js'
import { ExecStream } from '../container/exec-stream.js'

/** The connection to the control service of one sidecar. It is opened by the first call, and again after it was lost. */
export class ControlConnection {
  readonly #execs: ExecManager
  readonly #id: string
  readonly #closing = new AbortController()
  #client: Promise<BuildKitClient> | undefined

  constructor(execs: ExecManager, id: string) {
    this.#execs = execs
    this.#id = id
  }

  /** Resolves with the open connection, or opens one with `command`. After a failure the next call opens another one. */
  async connect({ command = dialStdioCommand, signal }: OpenOptions = {}): Promise<BuildKitClient> {
    this.#client ??= this.#open(command)
    const pending = this.#client
    try {
      const client = await untilAborted(pending, signal)
      if (!client.isClosed) return client
    } catch (error) {
      signal?.throwIfAborted()
      this.#discard(pending)
      throw error
    }
    this.#discard(pending)
    return this.connect({ command, signal })
  }

  /** Closes the connection. Later calls of `connect` reject. */
  async close(): Promise<void> {
    this.#closing.abort(createHostError('NOT_RUNNING', { id: this.#id, state: 'stopping' }))
    const client = await this.#client?.catch(() => undefined)
    client?.close()
    await client?.ended
  }

  /** Several callers may wait for one attempt, so the signal of a single caller does not abort it. */
  async #open(command: Argv): Promise<BuildKitClient> {
    const { BuildKitClient } = await loadBuildKitClient()
    const process = await startExec(this.#execs, this.#id, { command, signal: this.#closing.signal })
    const stream = new ExecStream(process, dialStdioCommand.join(' '))
    return new BuildKitClient(stream, { endpoint: `BuildKit in container "${this.#id}"` })
  }

  #discard(pending: Promise<BuildKitClient>): void {
    if (this.#client === pending) this.#client = undefined
  }
}

type OpenOptions = OperationOptions & { readonly command?: Argv }

/** Connects its stdin and stdout to the daemon's socket. */
export const dialStdioCommand: Argv = ['buildctl', 'dial-stdio']

/** Loads the client with its gRPC libraries, which take noticeable time, only when it is needed. */
export function loadBuildKitClient(): Promise<typeof import('@capstan/buildkit-client')> {
  return import('@capstan/buildkit-client')
}
