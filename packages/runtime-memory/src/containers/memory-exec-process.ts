import { PassThrough, Writable } from 'node:stream'
import type { ExecOptions, ExecProcess, OperationOptions, TerminalSize } from '@capstan/core'
import { createHostError, type LastingOperation, untilAborted, validateTerminalSize } from '@capstan/core/plugin'
import type { MemoryRuntimeContext } from '../memory-runtime-context.js'
import type { MemoryProgram } from '../simulation/memory-program.js'
import { createProcessOutput } from '../simulation/processes/process-output.js'
import { toSignalName } from '../simulation/processes/signals.js'
import { type ProcessContext, SimulatedProcess } from '../simulation/processes/simulated-process.js'
import { createTerminalInput, toTerminalOutput } from '../simulation/processes/terminal.js'
import { writeTo } from '../simulation/processes/write-to.js'
import type { ContainerRun } from './state/container-run.js'

/** Options of `MemoryExecProcess`. `run` is the current run of the container. */
export interface MemoryExecProcessOptions {
  readonly containerId: string
  readonly run: ContainerRun
  readonly program: MemoryProgram
  readonly context: Omit<ProcessContext, 'terminalSize'>
  readonly options: ExecOptions
}

/** A process that `exec` started in a running container. */
export class MemoryExecProcess implements ExecProcess {
  readonly stdin: Writable
  readonly stdout: PassThrough = createPassThrough()
  readonly stderr: PassThrough = createPassThrough()
  readonly exitCode: Promise<number>
  readonly #context: MemoryRuntimeContext
  readonly #process: SimulatedProcess
  readonly #containerId: string
  readonly #session: LastingOperation
  readonly #run: ContainerRun
  #size: TerminalSize | undefined

  constructor(
    runtimeContext: MemoryRuntimeContext,
    { containerId, run, program, context, options }: MemoryExecProcessOptions,
  ) {
    this.#context = runtimeContext
    this.#containerId = containerId
    this.#run = run
    const { tty = false, stdin = true, signal } = options
    this.#session = runtimeContext.operations.begin(signal)
    const input = createPassThrough()
    const streams = {
      stdin: input,
      stdout: createProcessOutput((bytes) => this.#write(this.stdout, tty ? toTerminalOutput(bytes) : bytes)),
      stderr: createProcessOutput((bytes) =>
        tty ? this.#write(this.stdout, toTerminalOutput(bytes)) : this.#write(this.stderr, bytes),
      ),
    }
    const terminalSize = () => (tty ? this.#size : undefined)
    this.#process = new SimulatedProcess(program, streams, { ...context, terminalSize })
    run.execs.add(this.#process)
    void this.#process.exitCode.then(() => run.execs.delete(this.#process))
    this.stdin = createInput(tty ? this.#createTerminalInput(input) : input)
    if (!stdin) this.stdin.end()
    this.exitCode = this.#wait()
    this.exitCode.catch(() => {})
  }

  async kill(signal = 'SIGTERM', options: OperationOptions = {}): Promise<boolean> {
    const name = toSignalName(signal)
    return await this.#context.call('kill', options, () => {
      this.#process.signal(name)
      return true
    })
  }

  async resize(size: TerminalSize, options: OperationOptions = {}): Promise<void> {
    validateTerminalSize(size)
    await this.#context.call('resize', options, () => {
      this.#size = size
    })
  }

  /** Kills the process and resolves when it has ended. */
  async killAndWait(): Promise<void> {
    this.#process.kill()
    await this.exitCode.catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const facts = { id: this.#containerId, reason: 'its exec process was disposed before it ended' }
    this.#session.abort(createHostError('EXIT_CODE_UNKNOWN', facts))
    await this.exitCode.catch(() => {})
  }

  async #wait(): Promise<number> {
    const { signal, end } = this.#session
    try {
      const code = await untilAborted(this.#process.exitCode, signal)
      await untilAborted(Promise.all([endAfterReading(this.stdout), endAfterReading(this.stderr)]), signal)
      return code
    } catch (error) {
      // An abort, a close and a dispose do not kill the process: it only gets the end of its input.
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

  /** Writes output, and discards it when the stream is closed: the process keeps running. */
  async #write(output: PassThrough, bytes: Uint8Array): Promise<void> {
    await this.#run.untilUnpaused()
    await writeTo(output, bytes).catch(() => {})
    await this.#context.engine.nextTurn()
  }
}

/**
 * Creates a stream that passes input to the process. Input after the end of the process is discarded, because EPIPE is
 * not an error of the caller. Destroying the stream ends the input of the process.
 */
function createInput(target: Writable): Writable {
  const input = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      void writeTo(target, chunk)
        .catch(() => {})
        .then(() => done())
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
  // A caller that destroys the stream already has the error.
  input.on('error', () => {})
  return input
}

function createPassThrough(): PassThrough {
  const stream = new PassThrough()
  // Readers get the error of the stream. Without a reader, an unhandled error would end this Node process.
  stream.on('error', () => {})
  return stream
}

/** Ends a stream and resolves when its reader has read everything. Resolves at once when there is no reader. */
function endAfterReading(output: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    output.end()
    const isRead = output.readableFlowing !== null || output.listenerCount('readable') > 0
    if (!isRead || output.readableEnded || output.destroyed) return resolve()
    output.once('end', resolve).once('close', resolve)
  })
}
