import type { AttachOptions, Runtime } from '@capstan/core'
import type { Io } from '../io.js'
import type { Interruption } from '../terminal/interruption.js'
import type { Interrupts } from '../terminal/interrupts.js'
import { enterRawMode } from '../terminal/raw-mode.js'
import { findTerminalSize, watchTerminalSize } from '../terminal/terminal-size.js'

/**
 * Starts a container at this terminal and resolves with its exit code, after all its output.
 *
 * The first interruption stops it politely, the second kills it, the third leaves at once. One that ended by it answers
 * 128 and the number of the signal; one that ended in its own way answers its own code.
 */
export async function runAttached(runtime: Runtime, id: string, options: AttachedRunOptions): Promise<number> {
  const { io, interrupts, interactive, tty } = options
  const { signal } = interrupts
  const stopper = new Stopper(runtime, id, { graceMs: options.graceMs, onFailure: (error) => interrupts.leave(error) })
  using _terminal = interactive && tty ? enterRawMode(io) : undefined
  using _sizes = watchTerminalSize(io.stdout, (size) => {
    // A container that has just ended has no size to change: nothing of the run depends on it.
    if (tty) runtime.resizeTTY(id, size, { signal }).catch(() => undefined)
  })
  using _interrupts = interrupts.hold((interruption, count) => {
    if (count > 2) return interrupts.leave(interruption)
    if (count === 1 && interruption.signal === 'SIGINT' && io.stderr.isTTY) io.stderr.write(stopping)
    stopper.stop(interruption, count)
  })
  try {
    return stopper.toExitCode(await runtime.startAttached(id, { ...toStreams(options), signal }))
  } catch (error) {
    throw stopper.toFailure(error)
  }
}

export interface AttachedRunOptions {
  readonly io: Io
  readonly interrupts: Interrupts
  readonly interactive: boolean
  readonly tty: boolean
  /** Between the polite signal and the kill; default 10 000. */
  readonly graceMs: number | undefined
}

/** Stops the container that an interruption is meant for. */
class Stopper {
  readonly #runtime: Runtime
  readonly #id: string
  readonly #options: StopperOptions
  readonly #waiting = new AbortController()
  #interruption: Interruption | undefined

  constructor(runtime: Runtime, id: string, options: StopperOptions) {
    this.#runtime = runtime
    this.#id = id
    this.#options = options
  }

  stop(interruption: Interruption, count: number): void {
    this.#interruption ??= interruption
    // A reader of stdout that left ends a program at its next write: nobody waits for its farewell.
    const isKill = count > 1 || interruption.signal === 'SIGPIPE'
    if (isKill) this.#waiting.abort(interruption)
    const { graceMs = 10_000, onFailure } = this.#options
    const options = isKill ? { graceMs: 0 } : { graceMs, signal: this.#waiting.signal }
    this.#runtime.stopContainer(this.#id, options).catch((error: unknown) => {
      if (error !== interruption && !this.#waiting.signal.aborted) onFailure(error)
    })
  }

  /** A write that failed because the reader left is no failure of the run. */
  toFailure(error: unknown): unknown {
    return this.#interruption?.signal === 'SIGPIPE' ? this.#interruption : error
  }

  toExitCode(code: number): number {
    return this.#interruption !== undefined && code > 128 ? this.#interruption.exitCode : code
  }
}

interface StopperOptions {
  readonly graceMs: number | undefined
  readonly onFailure: (error: unknown) => void
}

function toStreams({ io, interactive, tty }: AttachedRunOptions): AttachOptions {
  const initialSize = tty ? findTerminalSize(io.stdout) : undefined
  return {
    stdout: io.stdout,
    stderr: io.stderr,
    ...(interactive ? { stdin: io.stdin } : {}),
    ...(initialSize === undefined ? {} : { initialSize }),
  }
}

// Whoever presses it waits for what the container makes of it, and may not want to. The terminal has just shown ^C.
const stopping = '\nStopping the container; Ctrl-C again kills it\n'
