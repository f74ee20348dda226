import { PassThrough, type Readable, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import {
  createHostError,
  type ExecProcess,
  linkSignals,
  type OperationOptions,
  type TerminalSize,
  untilAborted,
  validateTerminalSize,
} from '@capstan/core'
import type { DockerEngine, EngineCall, UpgradedConnection } from '../docker-engine.js'
import { ProcessOutput } from '../stream/process-output.js'
import { createTerminalInput } from '../stream/terminal-input.js'
import { readExitCode } from './exec-exit-code.js'
import { killExec } from './kill-exec.js'

/** A process in a container, at the other end of an upgraded connection. */
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
    this.exitCode = this.#run()
    // Who does not ask for it must not be ended by it.
    this.exitCode.catch(() => {})
  }

  async kill(signal: string = 'SIGTERM', options: OperationOptions = {}): Promise<boolean> {
    return killExec(this.#engine, { ...this.#options, signal }, options)
  }

  /** After its end: nothing. */
  async resize(size: TerminalSize, { signal }: OperationOptions = {}): Promise<void> {
    validateTerminalSize(size)
    const { call, execId } = this.#options
    const api = await this.#engine.api({ ...call, operation: 'resize', signal })
    try {
      await api.getExec(execId).resize({ _query: { h: size.height, w: size.width }, _body: {} })
    } catch (error) {
      signal?.throwIfAborted()
      if (!(await this.#hasEnded(signal))) throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    this.#connection.socket.end()
    this.#connection.socket.destroy()
    await this.exitCode.catch(() => {})
  }

  /** What an engine answers of a process that has ended says nothing: not found, stopped, or a failure. */
  async #hasEnded(signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#isOver) return true
    const { call, execId } = this.#options
    const api = await this.#engine.api({ ...call, operation: 'resize', signal })
    return (await api.getExec(execId).inspect()).Running === false
  }

  async #run(): Promise<number> {
    return this.#end(await new Promise<unknown>((resolve) => this.#output.start(resolve)))
  }

  /** The code, after both outputs ended. Nothing is guessed: the engine says that the process is over, or it is an error. */
  async #end(error: unknown): Promise<number> {
    try {
      if (this.#isDisposed) throw this.#toDisposed()
      if (error !== undefined) throw this.#engine.translate(error, this.#options.call)
      const code = await readExitCode(this.#engine, this.#options, this.#output.head)
      this.#output.finish()
      await this.#awaitReaders()
      return code
    } catch (failure) {
      const atOnce = this.#options.call.signal?.aborted === true || this.#engine.ending.aborted
      this.#output.finish(this.#isDisposed ? undefined : toError(failure), { atOnce })
      throw failure
    } finally {
      this.#isOver = true
      this.#connection.socket.destroy()
    }
  }

  async #awaitReaders(): Promise<void> {
    const read = [this.stdout, this.stderr].filter(isRead).map((output) => finished(output).catch(() => {}))
    const linked = linkSignals([this.#options.call.signal, this.#engine.ending])
    try {
      await untilAborted(Promise.all(read), linked.signal)
    } finally {
      linked.unlink()
    }
  }

  #toDisposed(): unknown {
    const { execId } = this.#options
    return createHostError('EXIT_CODE_UNKNOWN', { id: execId, reason: 'the process was let go before it ended' })
  }
}

export interface ExecProcessOptions {
  readonly execId: string
  readonly containerId: string
  readonly isTerminal: boolean
  readonly hasStdin: boolean
  /** By which the process is found where its id cannot be: see `kill-exec.ts`. */
  readonly marker: string | undefined
  readonly call: EngineCall
}

/** An output that nobody has begun to read must not keep the exit code back for ever. */
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

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('aborted', { cause: error })
}
