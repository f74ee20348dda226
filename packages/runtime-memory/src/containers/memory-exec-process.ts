import { PassThrough, Writable } from 'node:stream'
import type { ExecOptions, ExecProcess, OperationOptions, TerminalSize } from '@capstan/core'
import { createHostError, type LastingOperation, untilAborted, validateTerminalSize } from '@capstan/core/plugin'
import type { MemoryConnection } from '../memory-connection.js'
import type { MemoryProgram } from '../simulation/memory-program.js'
import { createProcessContext, type ProcessContextOptions } from '../simulation/processes/process-context.js'
import { createProcessOutput } from '../simulation/processes/process-output.js'
import { toSignalName } from '../simulation/processes/signals.js'
import { SimulatedProcess } from '../simulation/processes/simulated-process.js'
import { createTerminalInput, toTerminalOutput } from '../simulation/processes/terminal.js'
import { writeTo } from '../simulation/processes/write-to.js'
import type { ContainerRun } from './state/container-run.js'

/** What an exec runs, and in which run of which container. */
export interface ExecStart {
  readonly containerId: string
  readonly run: ContainerRun
  readonly program: MemoryProgram
  readonly context: Omit<ProcessContextOptions, 'terminalSize'>
  readonly options: ExecOptions
}

/** A further process in a running container, as its caller holds it. */
export class MemoryExecProcess implements ExecProcess {
  readonly stdin: Writable
  readonly stdout: PassThrough = createOutput()
  readonly stderr: PassThrough = createOutput()
  readonly exitCode: Promise<number>
  readonly #connection: MemoryConnection
  readonly #process: SimulatedProcess
  readonly #containerId: string
  readonly #session: LastingOperation
  #size: TerminalSize | undefined

  constructor(connection: MemoryConnection, { containerId, run, program, context, options }: ExecStart) {
    this.#connection = connection
    this.#containerId = containerId
    const { tty = false, stdin = true, signal } = options
    this.#session = connection.operations.begin(signal)
    const input = new PassThrough()
    input.on('error', () => {})
    const streams = {
      stdin: input,
      stdout: createProcessOutput((bytes) => this.#write(this.stdout, tty ? toTerminalOutput(bytes) : bytes)),
      stderr: createProcessOutput((bytes) =>
        tty ? this.#write(this.stdout, toTerminalOutput(bytes)) : this.#write(this.stderr, bytes),
      ),
    }
    this.#process = new SimulatedProcess(
      program,
      streams,
      createProcessContext({ ...context, terminalSize: () => this.#size }),
    )
    run.execs.add(this.#process)
    void this.#process.exitCode.then(() => run.execs.delete(this.#process))
    this.stdin = createInput(tty ? this.#createTerminalInput(input) : input)
    if (!stdin) this.stdin.end()
    this.exitCode = this.#wait()
    this.exitCode.catch(() => {})
  }

  async kill(signal = 'SIGTERM', options: OperationOptions = {}): Promise<boolean> {
    const name = toSignalName(signal)
    return await this.#connection.call('kill', options, () => {
      this.#process.signal(name)
      return true
    })
  }

  async resize(size: TerminalSize, options: OperationOptions = {}): Promise<void> {
    validateTerminalSize(size)
    await this.#connection.call('resize', options, () => {
      this.#size = size
    })
  }

  /** Ends it by force. */
  async end(): Promise<void> {
    this.#process.kill()
    await this.exitCode.catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session.abort(
      createHostError('EXIT_CODE_UNKNOWN', { id: this.#containerId, reason: 'it was left before it ended' }),
    )
    await this.exitCode.catch(() => {})
  }

  async #wait(): Promise<number> {
    const { signal, end } = this.#session
    try {
      const code = await untilAborted(this.#process.exitCode, signal)
      await untilAborted(Promise.all([endOutput(this.stdout), endOutput(this.stderr)]), signal)
      return code
    } catch (error) {
      // Left: by an abort, at close, or disposed. The process may live on until it reads the end of its input.
      this.stdin.end()
      for (const output of [this.stdout, this.stderr]) output.destroy(error instanceof Error ? error : undefined)
      throw error
    } finally {
      end()
    }
  }

  #createTerminalInput(stdin: Writable): Writable {
    return createTerminalInput({
      stdin,
      echo: (bytes) => this.#write(this.stdout, toTerminalOutput(bytes)),
      onInterrupt: () => this.#process.signal('SIGINT'),
    })
  }

  /** What nobody wants any more is dropped; the process goes on. */
  async #write(output: PassThrough, bytes: Uint8Array): Promise<void> {
    await writeTo(output, bytes).catch(() => {})
    await this.#connection.engine.nextTurn()
  }
}

/**
 * Takes input for as long as it lasts, and drops what comes after the process has ended: EPIPE is no error. Destroying it
 * is its end for the process.
 */
function createInput(target: Writable): Writable {
  const input = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      writeTo(target, chunk).then(
        () => done(),
        () => done(),
      )
    },
    final(done) {
      if (target.writable) target.end()
      done()
    },
    destroy(error, done) {
      if (target.writable) target.end()
      done(error)
    },
  })
  // Whoever destroys it knows why.
  input.on('error', () => {})
  return input
}

function createOutput(): PassThrough {
  const output = new PassThrough()
  // Whoever reads it sees its error; that nobody does is no reason to end this process.
  output.on('error', () => {})
  return output
}

/** Resolves when the reader has seen the end; at once when there is no reader, so that nobody waits for one in vain. */
function endOutput(output: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    output.end()
    const isRead = output.readableFlowing !== null || output.listenerCount('readable') > 0
    if (!isRead || output.readableEnded || output.destroyed) return resolve()
    output.once('end', resolve).once('close', resolve)
  })
}
