import type { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { OperationOptions, TerminalSize } from '@capstan/core'
import { createHostError, type Environment, loadCommonJs, startDeadline, untilAborted } from '@capstan/core/plugin'
import { type AppleTimeouts, defaultAppleTimeouts } from '../apple-timeouts.js'
import { killGroup } from './kill-group.js'
import { loadTerminalLibrary } from './terminal-library.js'
import { openTerminalSession } from './terminal-session.js'

/** One run of the command. */
export interface CliCall extends OperationOptions {
  readonly operation: string
  /** Name or id of the object, for error messages. */
  readonly subject: string
  /** The limit of this run. Default `answerMs`. */
  readonly limit?: keyof AppleTimeouts
  /** Milliseconds added to the limit: the time that the command itself is told to wait. Default 0. */
  readonly extraMs?: number
  /** Whether the caller's own signal replaces the limit. Default false. */
  readonly hasCallerSignal?: boolean
  /** A limit that replaces all of the above. */
  readonly timeoutMs?: number
  /** The stdin of the command. Default: none. */
  readonly input?: string | undefined
  /** Called with each line of stderr. */
  readonly onLine?: ((line: string) => void) | undefined
  /** How long the command may still run after an abort, in milliseconds, so that its result is known. Default 0. */
  readonly abortGraceMs?: number
}

export interface CliResult {
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** A run of the command whose output is read while it runs. */
export interface CliSession {
  /** `undefined` if the command has no stdin. */
  readonly stdin: Writable | undefined
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves with `undefined` if the command was killed or did not start. Never rejects. */
  readonly exitCode: Promise<number | undefined>
  /** Resizes its terminal. Without a terminal it does nothing. */
  resize(size: TerminalSize): void
  /** Kills the command. The program in the container keeps running. */
  killCommand(): void
}

/**
 * Starts Apple's `container` command. No other code in this package starts it.
 *
 * Each run has a process group of its own, so that a kill reaches its children and a Ctrl-C at the terminal does not reach
 * the command. No shell is involved: each argument is passed unchanged.
 */
export class AppleCli {
  readonly command: string
  readonly #timeouts: AppleTimeouts
  readonly #env: Environment

  /** `env` is the whole environment of the command: nothing of `process.env` is added. */
  constructor(command: string, env: Environment, timeouts: AppleTimeouts = defaultAppleTimeouts) {
    this.command = command
    this.#env = env
    this.#timeouts = timeouts
  }

  /** Runs the command to its end, within the limit and 64 MiB of output. Resolves whatever the exit code is. */
  async run(argv: readonly string[], call: CliCall): Promise<CliResult> {
    const { execa } = await loadCommonJs(() => import('execa'))
    call.signal?.throwIfAborted()
    const { input, onLine } = call
    const child = execa(this.command, argv, {
      ...execaOptions,
      env: this.#env,
      extendEnv: false,
      buffer: true,
      maxBuffer: maxOutputBytes,
      ...(input === undefined ? { stdin: 'ignore' } : { input }),
    })
    const stopped = new AbortController()
    const stop = (reason: unknown) => {
      killGroup(child.pid)
      stopped.abort(reason)
    }
    if (onLine !== undefined) readLines(child.stderr, onLine, stop)
    const clearLimits = startLimits(call, this.#timeouts, stop)
    try {
      const result = await untilAborted(child, stopped.signal)
      call.signal?.throwIfAborted()
      if (result.isMaxBuffer) throw toOutputTooLong(call)
      if (result.exitCode === undefined) throw this.#toRunError(call, result)
      return { exitCode: result.exitCode, stdout: Buffer.from(result.stdout), stderr: toText(result.stderr) }
    } finally {
      clearLimits()
    }
  }

  /** Starts the command and returns its streams. */
  async open(argv: readonly string[], options: OpenOptions): Promise<CliSession> {
    const library = options.terminal === undefined ? undefined : await loadTerminalLibrary()
    const run = { command: this.command, argv, env: this.#env, size: options.terminal?.size }
    return library === undefined ? await this.#openPlain(argv, options) : openTerminalSession(library, run)
  }

  async #openPlain(argv: readonly string[], { stdin }: OpenOptions): Promise<CliSession> {
    const { execa } = await loadCommonJs(() => import('execa'))
    const child = execa(this.command, argv, {
      ...execaOptions,
      env: this.#env,
      extendEnv: false,
      stdin: stdin ? 'pipe' : 'ignore',
    })
    const killCommand = () => {
      // The pid of an ended process may belong to another process by now.
      if (child.exitCode === null && child.signalCode === null) killGroup(child.pid)
    }
    return {
      stdin: child.stdin ?? undefined,
      stdout: child.stdout,
      stderr: child.stderr,
      exitCode: child.then(({ exitCode }) => exitCode),
      resize: () => {},
      killCommand,
    }
  }

  #toRunError({ operation, subject }: CliCall, { originalMessage, code, signal }: FailedRun): Error {
    const endpoint = this.command
    if (code === 'ENOENT' || code === 'EACCES') {
      const cause = new Error(originalMessage)
      return createHostError('CONNECTION_LOST', { endpoint, lastTimestamp: undefined }, { cause })
    }
    const reason = signal === undefined ? (originalMessage ?? 'it could not be started') : `it was killed by ${signal}`
    return createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason })
  }
}

interface FailedRun {
  /** The message without the argument list, which may hold secrets such as the environment of a container. */
  readonly originalMessage?: string | undefined
  readonly code?: string | undefined
  readonly signal?: string | undefined
}

export interface OpenOptions {
  /** Whether the command gets a stdin. */
  readonly stdin: boolean
  /** Gives the command a terminal; used only if the probe found the library for it. */
  readonly terminal?: { readonly size: TerminalSize | undefined } | undefined
}

const execaOptions = {
  detached: true,
  cleanup: false,
  reject: false,
  buffer: false,
  encoding: 'buffer',
  stripFinalNewline: false,
} as const

function toLimit(
  { limit = 'answerMs', extraMs = 0, hasCallerSignal = false, timeoutMs }: CliCall,
  timeouts: AppleTimeouts,
) {
  if (timeoutMs !== undefined) return { timeoutMs, option: undefined }
  if (hasCallerSignal) return { timeoutMs: undefined, option: undefined }
  return { timeoutMs: timeouts[limit] + extraMs, option: `timeouts.${limit}` }
}

/** Calls `stop` with the reason at the limit of the call, and after an abort. Returns a function that ends this. */
function startLimits(call: CliCall, timeouts: AppleTimeouts, stop: (reason: unknown) => void): () => void {
  const { operation, signal, abortGraceMs = 0 } = call
  const { timeoutMs, option } = toLimit(call, timeouts)
  const expire = () => {
    const facts = { operation, phase: undefined, timeoutMs: timeoutMs ?? 0, lastLines: [] }
    stop(createHostError('TIMED_OUT', option === undefined ? facts : { ...facts, option }))
  }
  const deadline = timeoutMs === undefined ? undefined : startDeadline(timeoutMs, expire)
  let graceTimer: NodeJS.Timeout | undefined
  const onAbort = () => {
    if (abortGraceMs === 0) stop(signal?.reason)
    else graceTimer = setTimeout(() => stop(signal?.reason), abortGraceMs)
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  return () => {
    deadline?.clear()
    clearTimeout(graceTimer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Calls `onLine` with each line of a stream. When that throws, calls `onError`, and reports no further lines. */
function readLines(stream: Readable, onLine: (line: string) => void, onError: (error: unknown) => void): void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let hasFailed = false
  const report = (lines: readonly string[]) => {
    try {
      if (!hasFailed) for (const line of lines) onLine(line)
    } catch (error) {
      hasFailed = true
      onError(error)
    }
  }
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split(/\r?\n/)
    rest = lines.pop() ?? ''
    report(lines)
  })
  stream.on('end', () => report([rest + decoder.end()].filter((line) => line !== '')))
}

function toOutputTooLong({ operation }: CliCall): Error {
  return createHostError('PROTOCOL_ERROR', { operation, excerpt: `more than ${maxOutputBytes} bytes` })
}

function toText(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8')
}

const maxOutputBytes = 64 * 1024 * 1024
