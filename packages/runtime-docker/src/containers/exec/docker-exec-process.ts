import { PassThrough, type Readable, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { ExecProcess, OperationOptions, TerminalSize } from '@capstan/core'
import { createHostError, untilAborted, validateSignal, validateTerminalSize } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall, UpgradedConnection } from '../../engine/docker-engine.js'
import { toError } from '../../engine/exchange.js'
import { ProcessOutput } from '../../engine/streams/process-output.js'
import { createTerminalInput } from '../../engine/streams/terminal-input.js'
import { readExitCode } from './exec-exit-code.js'
import { killExec } from './kill-exec.js'

/** A process in a container, over an upgraded connection. */
export class DockerExecProcess implements ExecProcess {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exitCode: Promise<number>
  readonly #engine: DockerEngine
  readonly #connection: UpgradedConnection
  readonly #options: ExecProcessOptions
  readonly #output: ProcessOutput
  #isDisposed = false
  #isOver = false

  constructor(engine: DockerEngine, connection: UpgradedConnection, options: ExecProcessOptions) {
    this.#engine = engine
    this.#connection = connection
    this.#options = options
    this.stdin = options.hasStdin ? createInput(connection, options) : createEndedInput(connection, options)
    this.#output = new ProcessOutput(connection, options)
    this.stdout = this.#output.stdout
    this.stderr = this.#output.stderr
    this.exitCode = new Promise<unknown>((resolve) => this.#output.start(resolve)).then((error) => this.#end(error))
    // A rejection without a listener must not end the process.
    this.exitCode.catch(() => {})
  }

  async kill(signal: string = 'SIGTERM', options: OperationOptions = {}): Promise<boolean> {
    validateSignal(signal)
    const { containerId } = this.#options
    return this.#engine.run('kill', containerId, options, (own) =>
      killExec(this.#engine, { ...this.#options, signal }, own),
    )
  }

  /** Does nothing after the exit of the process. */
  async resize(size: TerminalSize, options: OperationOptions = {}): Promise<void> {
    validateTerminalSize(size)
    const { execId, containerId } = this.#options
    await this.#engine.run('resize', containerId, options, async (call) => {
      const api = await this.#engine.api(call)
      try {
        await api.getExec(execId).resize({ _query: { h: size.height, w: size.width }, _body: {} })
      } catch (error) {
        call.signal.throwIfAborted()
        if (!(await this.#hasEnded(call))) throw error
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    this.#connection.socket.end()
    this.#connection.socket.destroy()
    await this.exitCode.catch(() => {})
  }

  /** Whether the process has exited, so that a failed resize can be ignored. */
  async #hasEnded(call: EngineCall): Promise<boolean> {
    if (this.#isOver) return true
    const api = await this.#engine.api(call)
    return (await api.getExec(this.#options.execId).inspect()).Running === false
  }

  /**
   * Resolves with the exit code after the end of each output that is being read. Rejects when the engine does not
   * report the exit.
   */
  async #end(error: unknown): Promise<number> {
    try {
      if (this.#isDisposed) {
        const reason = 'the ExecProcess was disposed before the process exited'
        throw createHostError('EXIT_CODE_UNKNOWN', { id: this.#options.execId, reason })
      }
      if (error !== undefined) throw this.#engine.translate(error, this.#options.call)
      const code = await readExitCode(this.#engine, this.#options, this.#output.head)
      this.#output.finish()
      await this.#awaitReaders()
      return code
    } catch (failure) {
      const atOnce = this.#options.call.signal?.aborted === true
      this.#output.finish(this.#isDisposed ? undefined : toError(failure), { atOnce })
      throw failure
    } finally {
      this.#isOver = true
      this.#connection.socket.destroy()
      this.#options.onEnd()
    }
  }

  async #awaitReaders(): Promise<void> {
    const read = [this.stdout, this.stderr].filter(isRead).map((output) => finished(output).catch(() => {}))
    await untilAborted(Promise.all(read), this.#options.call.signal)
  }
}

export interface ExecProcessOptions {
  readonly execId: string
  readonly containerId: string
  readonly isTerminal: boolean
  readonly hasStdin: boolean
  /** The marker by which `kill-exec.ts` finds the process when it cannot use the process id. */
  readonly marker: string | undefined
  /** The call. Its signal aborts with that of the caller and when the runtime is closed. */
  readonly call: EngineCall
  /** Called once when this object no longer needs the engine: after the exit code, a failure, an abort or a dispose. */
  readonly onEnd: () => void
}

/** Whether an output has a reader. An output without a reader must not block the exit code. */
function isRead(output: Readable): boolean {
  return output.readableFlowing === true || output.listenerCount('readable') > 0 || output.listenerCount('data') > 0
}

function createInput({ socket }: UpgradedConnection, { isTerminal }: ExecProcessOptions): Writable {
  return isTerminal ? createTerminalInput(socket) : socket
}

function createEndedInput({ socket }: UpgradedConnection, { isTerminal }: ExecProcessOptions): Writable {
  if (isTerminal) createTerminalInput(socket).end()
  const input = new PassThrough()
  input.on('error', () => {})
  input.end()
  input.resume()
  return input
}
