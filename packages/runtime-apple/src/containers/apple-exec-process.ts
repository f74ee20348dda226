import { PassThrough, type Readable, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { ExecProcess, OperationOptions, TerminalSize } from '@capstan/core'
import { type LastingOperation, validateSignal, validateTerminalSize } from '@capstan/core/plugin'
import { isCliFailure, isNotRunningText, isServiceGone, toErrorText, toNotStartedCode } from '../apple-errors.js'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import type { CliSession } from '../cli/apple-cli.js'
import { toExitCodeUnknown } from './exit-code.js'
import { killExec } from './kill-exec.js'

export interface ExecSettings {
  readonly id: string
  /** In the environment of the process, so that it can be found in the container. */
  readonly execId: string
  readonly session: CliSession
  readonly hasTerminal: boolean
  readonly signal: AbortSignal | undefined
  /** Whether an abort also kills the processes that it has started. */
  readonly killsChildren: boolean
}

/** One process started with `exec`. Its streams are those of the command. */
export class AppleExecProcess implements ExecProcess {
  readonly stdin: Writable
  readonly stdout: PassThrough
  readonly stderr: PassThrough
  readonly exitCode: Promise<number>
  readonly #context: AppleRuntimeContext
  readonly #settings: ExecSettings
  #tail = ''
  /** Whether the program itself has printed: the first output was not an error of the command. */
  #hasPrinted = false
  #hasEnded = false

  constructor(context: AppleRuntimeContext, settings: ExecSettings) {
    this.#context = context
    this.#settings = settings
    const { stdin, stdout, stderr } = settings.session
    this.stdin = stdin ?? createClosedInput()
    this.stdin.on('error', () => {}) // An ended process reads no more input, which is not a failure.
    const keepTail = (chunk: Buffer) => {
      const text = chunk.toString('utf8')
      if (this.#tail === '') this.#hasPrinted ||= !text.startsWith('Error: ')
      this.#tail = (this.#tail + text).slice(-2000)
    }
    const notePrinted = () => {
      this.#hasPrinted = true
    }
    // With a terminal, errors of the command itself appear on stdout.
    this.stdout = tap(stdout, settings.hasTerminal ? keepTail : notePrinted)
    this.stderr = tap(stderr, keepTail)
    this.exitCode = this.#follow()
    this.exitCode.catch(() => {}) // Reported to the callers that await it.
  }

  async kill(signal = 'SIGTERM', options: OperationOptions = {}): Promise<boolean> {
    validateSignal(signal)
    if (this.#hasEnded) return true
    const { id, execId } = this.#settings
    return await this.#context.call({ operation: 'kill', subject: id }, options, (call) =>
      killExec(this.#context, { ...call, id, execId, killSignal: signal }),
    )
  }

  async resize(size: TerminalSize, options: OperationOptions = {}): Promise<void> {
    validateTerminalSize(size)
    options.signal?.throwIfAborted()
    this.#context.operations.assertOpen()
    this.#settings.session.resize(size)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stdin.destroy()
    this.#settings.session.killCommand()
    this.stdout.destroy()
    this.stderr.destroy()
    await this.exitCode.catch(() => {})
  }

  async #follow(): Promise<number> {
    const { session } = this.#settings
    const { signal: own, end } = this.#begin()
    const onAbort = () => this.#abort(own.reason)
    own.addEventListener('abort', onAbort, { once: true })
    try {
      const [exitCode] = await Promise.all([session.exitCode, waitForEnd(this.stdout), waitForEnd(this.stderr)])
      own.throwIfAborted()
      return await this.#toCode(exitCode)
    } catch (error) {
      throw own.aborted ? own.reason : error
    } finally {
      this.#hasEnded = true
      own.removeEventListener('abort', onAbort)
      end()
    }
  }

  /** The signal may have aborted, or the runtime may have been closed, while the command was started. */
  #begin(): LastingOperation {
    try {
      return this.#context.operations.begin(this.#settings.signal)
    } catch (error) {
      // The caller of `exec` gets the error, and no process whose streams could have listeners.
      for (const stream of [this.stdout, this.stderr]) stream.on('error', () => {})
      this.#abort(error)
      throw error
    }
  }

  /** Ends the streams and kills the command, and the process in the container, which the command leaves running. */
  #abort(reason: unknown): void {
    const { session, id, execId, killsChildren: includesChildren } = this.#settings
    session.killCommand()
    const error = reason instanceof Error ? reason : new Error(String(reason))
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy(error)
    const killing = { operation: 'kill', subject: id, signal: AbortSignal.timeout(killMs), includesChildren }
    void killExec(this.#context, { ...killing, id, execId, killSignal: 'SIGKILL' }).catch(() => {})
  }

  async #toCode(exitCode: number | undefined): Promise<number> {
    const { id } = this.#settings
    if (exitCode === undefined)
      throw toExitCodeUnknown(id, 'the command that was attached to it was killed or could not be started')
    if (!isCliFailure(exitCode, this.#tail)) return exitCode
    const text = toErrorText(this.#tail)
    // The command has no exit codes for these failures. Output of the program itself proves that it was started.
    const notStarted = this.#hasPrinted ? undefined : toNotStartedCode(text)
    if (notStarted !== undefined) return notStarted
    if (isServiceGone(text) || isNotRunningText(text, id)) throw toExitCodeUnknown(id, text)
    return exitCode
  }
}

function tap(stream: Readable, onData: (chunk: Buffer) => void): PassThrough {
  const through = new PassThrough()
  stream.on('data', onData).pause()
  stream.on('error', () => through.end())
  return stream.pipe(through)
}

/** Resolves when the stream was read to its end, was closed, or has ended empty. */
async function waitForEnd(stream: PassThrough): Promise<void> {
  const failed = () => {}
  await finished(stream, { readable: false }).catch(failed)
  if (stream.readableLength > 0) await finished(stream, { writable: false }).catch(failed)
}

function createClosedInput(): Writable {
  return new PassThrough().end()
}

const killMs = 5_000
