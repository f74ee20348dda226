import { type Argv, createHostError, type ExecManager, type OperationOptions, untilAborted } from '@capstan/core'
import { ExecStream } from '../exec-stream.js'
import { openSession } from '../open-session.js'
import type { ControlClient } from './control-client.js'

/** The control service of the daemon in one sidecar: dialled when it is asked, and again when the connection was lost. */
export class ControlConnection {
  readonly #execs: ExecManager
  readonly #id: string
  readonly #closing = new AbortController()
  #client: Promise<ControlClient> | undefined

  constructor(execs: ExecManager, id: string) {
    this.#execs = execs
    this.#id = id
  }

  /** Dials, by `command` if one is given, unless it is connected. A failure is not kept. */
  async connect({ command = dialCommand, signal }: ConnectOptions = {}): Promise<ControlClient> {
    this.#client ??= this.#dial(command)
    const dialled = this.#client
    try {
      const client = await untilAborted(dialled, signal)
      if (!client.isOver) return client
    } catch (error) {
      signal?.throwIfAborted()
      this.#forget(dialled)
      throw error
    }
    this.#forget(dialled)
    return this.connect({ command, signal })
  }

  /** Ends the connection that there is, for good. */
  async close(): Promise<void> {
    this.#closing.abort(createHostError('NOT_RUNNING', { id: this.#id, state: 'stopping' }))
    const client = await this.#client?.catch(() => undefined)
    client?.close()
    await client?.ended
  }

  /** Under the signal of the connection alone: others may wait for it whom one caller's abort does not concern. */
  async #dial(command: Argv): Promise<ControlClient> {
    const { createControlClient } = await loadControlClient()
    const process = await openSession(this.#execs, this.#id, { command, signal: this.#closing.signal })
    return createControlClient(new ExecStream(process, dialCommand.join(' ')), {
      endpoint: `BuildKit in container "${this.#id}"`,
    })
  }

  #forget(dialled: Promise<ControlClient>): void {
    if (this.#client === dialled) this.#client = undefined
  }
}

export interface ConnectOptions extends OperationOptions {
  readonly command?: Argv
}

/** Hands bytes on between its streams and the daemon's socket. */
export const dialCommand: Argv = ['buildctl', 'dial-stdio']

/** Its libraries take a while to load, so they are when there is something to ask, or soon will be. */
export function loadControlClient(): Promise<typeof import('./control-client.js')> {
  return import('./control-client.js')
}
