import type { Readable, Writable } from 'node:stream'
import type { OperationOptions, TerminalSize } from '@capstan/core'
import { createHostError, type Deadline, type Environment, loadCommonJs, startDeadline } from '@capstan/core/plugin'
import { type AppleTimeouts, defaultAppleTimeouts } from '../apple-timeouts.js'
import { killGroup } from './kill-group.js'
import { LineSplitter } from './line-splitter.js'
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
  readonly isBounded?: boolean
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
    call.signal?.throwIfAborted()
    const { execa } = await loadCommonJs(() => import('execa'))
    const { input, onLine } = call
    const child = execa(this.command, argv, {
      ...options,
      env: this.#env,
      extendEnv: false,
      buffer: true,
      maxBuffer: maxOutputBytes,
      ...(input === undefined ? { stdin: 'ignore' } : { input }),
    })
    const listenerFailed = splitLines(child.stderr, onLine).catch((error: unknown) => {
      killGroup(child.pid)
      throw error
    })
    listenerFailed.catch(() => {}) // The race below reports it.
    const limit = startLimits(call, this.#timeouts, () => killGroup(child.pid))
    try {
      const result = await Promise.race([child, limit.reached, listenerFailed])
      call.signal?.throwIfAborted()
      if (result.isMaxBuffer) throw toOutputTooLong(call)
      if (result.exitCode === undefined) throw this.#toRunError(call, result)
      return { exitCode: result.exitCode, stdout: Buffer.from(result.stdout), stderr: toText(result.stderr) }
    } finally {
      limit.clear()
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
      ...options,
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

const options = {
  detached: true,
  cleanup: false,
  reject: false,
  buffer: false,
  encoding: 'buffer',
  stripFinalNewline: false,
} as const

function toLimit({ limit = 'answerMs', extraMs = 0, isBounded = false, timeoutMs }: CliCall, timeouts: AppleTimeouts) {
  if (timeoutMs !== undefined) return { timeoutMs, option: undefined }
  if (isBounded) return { timeoutMs: undefined, option: undefined }
  return { timeoutMs: timeouts[limit] + extraMs, option: `timeouts.${limit}` }
}

/** Kills the command at its limit, and after an abort. */
function startLimits(call: CliCall, timeouts: AppleTimeouts, kill: () => void) {
  const { operation, signal, abortGraceMs = 0 } = call
  const { timeoutMs, option } = toLimit(call, timeouts)
  let graceTimer: NodeJS.Timeout | undefined
  let stop: () => void = () => {}
  let deadline: Deadline | undefined
  const reached = new Promise<never>((_, reject) => {
    const expire = () => {
      kill()
      const facts = { operation, phase: undefined, timeoutMs: timeoutMs ?? 0, lastLines: [] }
      reject(createHostError('TIMED_OUT', option === undefined ? facts : { ...facts, option }))
    }
    if (timeoutMs !== undefined) deadline = startDeadline(timeoutMs, expire)
    const stopNow = () => {
      kill()
      reject(signal?.reason)
    }
    stop = () => {
      if (abortGraceMs === 0) stopNow()
      else graceTimer = setTimeout(stopNow, abortGraceMs)
    }
    signal?.addEventListener('abort', stop, { once: true })
  })
  const clear = () => {
    deadline?.clear()
    clearTimeout(graceTimer)
    signal?.removeEventListener('abort', stop)
  }
  return { reached, clear }
}

/** Rejects with the error that the listener throws, and then stops calling it. Never resolves. */
function splitLines(stream: Readable | null, onLine: (line: string) => void = () => {}): Promise<never> {
  return new Promise((_, reject) => {
    const lines = new LineSplitter(onLine)
    const guard = (call: () => void) => {
      try {
        call()
      } catch (error) {
        stream?.off('data', push).off('end', end).resume()
        reject(error)
      }
    }
    const push = (chunk: Buffer) => guard(() => lines.push(chunk))
    const end = () => guard(() => lines.end())
    stream?.on('data', push).on('end', end)
  })
}

function toOutputTooLong({ operation }: CliCall): Error {
  return createHostError('PROTOCOL_ERROR', { operation, excerpt: `more than ${maxOutputBytes} bytes` })
}

function toText(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8')
}

const maxOutputBytes = 64 * 1024 * 1024
