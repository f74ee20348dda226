import type { Readable, Writable } from 'node:stream'
import {
  createHostError,
  type Deadline,
  type Environment,
  loadCommonJs,
  type OperationOptions,
  startDeadline,
  type TerminalSize,
} from '@capstan/core'
import { type AppleTimeouts, defaultAppleTimeouts } from '../apple-timeouts.js'
import { killGroup } from './kill-group.js'
import { LineSplitter } from './line-splitter.js'
import { loadTerminalLibrary } from './terminal-library.js'
import { openTerminalSession } from './terminal-session.js'

/** One run of the command line. */
export interface CliCall extends OperationOptions {
  readonly operation: string
  /** Name or id of what it is about, for errors. */
  readonly subject: string
  /** Which limit it has; default `answerMs`. */
  readonly limit?: keyof AppleTimeouts
  /** Beyond that limit, in milliseconds: what the command itself is told to wait. Default 0. */
  readonly extraMs?: number
  /** Whether the caller's own signal takes the place of the limit. Default false. */
  readonly isBounded?: boolean
  /** A limit in place of these. */
  readonly timeoutMs?: number
  /** What the command reads; default: nothing. */
  readonly input?: string | undefined
  /** Hears each line of stderr as it comes. */
  readonly onLine?: ((line: string) => void) | undefined
  /** How long it may go on after an abort, to come to a known end. Default 0. */
  readonly lingerMs?: number
}

export interface CliResult {
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** A run that lasts: a program's session. */
export interface CliSession {
  /** `undefined` where the command has nothing to read. */
  readonly stdin: Writable | undefined
  readonly stdout: Readable
  readonly stderr: Readable
  /** `undefined` when the command was ended, or did not start. Never rejects. */
  readonly exitCode: Promise<number | undefined>
  /** Of its terminal; nothing where it has none. */
  resize(size: TerminalSize): void
  /** Ends the command itself, and nothing in the container. */
  end(): void
}

/**
 * Apple's `container` command: every run of it begins here.
 *
 * Each has a process group of its own, so that none of it stays, and so that a Ctrl-C at the terminal is not the
 * container's. No shell is in between: what is handed over is one argument each.
 */
export class AppleCli {
  readonly command: string
  readonly #timeouts: AppleTimeouts
  readonly #env: Environment

  /** `env`: what the command runs in; nothing of this process's environment is added. */
  constructor(command: string, env: Environment, timeouts: AppleTimeouts = defaultAppleTimeouts) {
    this.command = command
    this.#env = env
    this.#timeouts = timeouts
  }

  /** Runs to the end, within the deadline and 64 MiB of output. Any exit code is a result. */
  async run(argv: readonly string[], call: CliCall): Promise<CliResult> {
    call.signal?.throwIfAborted()
    const { execa } = await loadCommonJs(() => import('execa'))
    const { input, onLine } = call
    const child = execa(this.command, argv, {
      ...options,
      env: this.#env,
      extendEnv: false,
      buffer: true,
      maxBuffer: mostBytes,
      ...(input === undefined ? { stdin: 'ignore' } : { input }),
    })
    const deafened = splitLines(child.stderr, onLine).catch((error: unknown) => {
      killGroup(child.pid)
      throw error
    })
    deafened.catch(() => {}) // heard by the race
    const limit = startLimits(call, this.#timeouts, () => killGroup(child.pid))
    try {
      const result = await Promise.race([child, limit.reached, deafened])
      call.signal?.throwIfAborted()
      if (result.isMaxBuffer) throw toTooMuch(call)
      if (result.exitCode === undefined) throw this.#toNotRun(call, result)
      return { exitCode: result.exitCode, stdout: Buffer.from(result.stdout), stderr: toText(result.stderr) }
    } finally {
      limit.clear()
    }
  }

  /** Starts a run whose output is read as it comes. */
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
    const end = () => {
      // The number of a process that has ended may be another one's.
      if (child.exitCode === null && child.signalCode === null) killGroup(child.pid)
    }
    return {
      stdin: child.stdin ?? undefined,
      stdout: child.stdout,
      stderr: child.stderr,
      exitCode: child.then(({ exitCode }) => exitCode),
      resize: () => {},
      end,
    }
  }

  #toNotRun({ operation, subject }: CliCall, { originalMessage, code, signal }: Unstarted): Error {
    const endpoint = this.command
    if (code === 'ENOENT' || code === 'EACCES') {
      const cause = new Error(originalMessage)
      return createHostError('CONNECTION_LOST', { endpoint, lastTimestamp: undefined }, { cause })
    }
    const reason = signal === undefined ? (originalMessage ?? 'it did not run') : `it was ended by ${signal}`
    return createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason })
  }
}

interface Unstarted {
  /** Without the command line, which holds what is given to containers. */
  readonly originalMessage?: string | undefined
  readonly code?: string | undefined
  readonly signal?: string | undefined
}

export interface OpenOptions {
  /** Whether there is anything to read for it. */
  readonly stdin: boolean
  /** It gets a terminal; the probe has found that there is a library for it. */
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

/** Kills the run at its deadline, and after the abort. */
function startLimits(call: CliCall, timeouts: AppleTimeouts, kill: () => void) {
  const { operation, signal, lingerMs = 0 } = call
  const { timeoutMs, option } = toLimit(call, timeouts)
  let linger: NodeJS.Timeout | undefined
  let stop: () => void = () => {}
  let deadline: Deadline | undefined
  const reached = new Promise<never>((_, reject) => {
    const expire = () => {
      kill()
      const facts = { operation, phase: undefined, timeoutMs: timeoutMs ?? 0, lastLines: [] }
      reject(createHostError('TIMED_OUT', option === undefined ? facts : { ...facts, option }))
    }
    if (timeoutMs !== undefined) deadline = startDeadline(timeoutMs, expire)
    const give = () => {
      kill()
      reject(signal?.reason)
    }
    stop = () => {
      if (lingerMs === 0) give()
      else linger = setTimeout(give, lingerMs)
    }
    signal?.addEventListener('abort', stop, { once: true })
  })
  const clear = () => {
    deadline?.clear()
    clearTimeout(linger)
    signal?.removeEventListener('abort', stop)
  }
  return { reached, clear }
}

/** Rejects with what the listener throws, which hears no more then; resolves never. */
function splitLines(stream: Readable | null, onLine: (line: string) => void = () => {}): Promise<never> {
  return new Promise((_, reject) => {
    const lines = new LineSplitter(onLine)
    const listen = (hear: () => void) => {
      try {
        hear()
      } catch (error) {
        stream?.off('data', push).off('end', end).resume()
        reject(error)
      }
    }
    const push = (chunk: Buffer) => listen(() => lines.push(chunk))
    const end = () => listen(() => lines.end())
    stream?.on('data', push).on('end', end)
  })
}

function toTooMuch({ operation }: CliCall): Error {
  return createHostError('PROTOCOL_ERROR', { operation, excerpt: `more than ${mostBytes} bytes` })
}

function toText(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8')
}

const mostBytes = 64 * 1024 * 1024
