import type { Readable } from 'node:stream'
import type { AttachOptions, Runtime } from '@capstan/core'
import type { Interruption } from '../errors/interruption.js'
import { DetachableInput, untilDetached } from '../terminal/detachable-input.js'
import type { Interrupts } from '../terminal/interrupts.js'
import type { Io } from '../terminal/io.js'
import { enterRawMode } from '../terminal/raw-mode.js'
import { findTerminalSize, watchTerminalSize } from '../terminal/terminal-size.js'

/**
 * Starts a container attached to this terminal and resolves with its exit code, after all of its output. Resolves with `detached`
 * when the user has typed the detach keys: the container continues when the caller closes the runtime.
 *
 * The first interruption stops the container, or kills it if stdout was closed; the second kills it; the third aborts the
 * command. If a signal ended the
 * container after an interruption, the exit code is 128 plus the number of the interruption's signal.
 */
export async function runAttached(
  runtime: Runtime,
  id: string,
  options: AttachedRunOptions,
): Promise<number | 'detached'> {
  const { io, interrupts, interactive, tty } = options
  const { signal } = interrupts
  const stopper = new ContainerStopper(runtime, id, {
    graceMs: options.graceMs,
    onFailure: (error) => interrupts.abort(error),
  })
  using _terminal = interactive && tty ? enterRawMode(io) : undefined
  using _sizes = watchTerminalSize(io.stdout, (size) => {
    // Fails if the container has just exited. The run does not depend on the size.
    if (tty) runtime.resizeTTY(id, size, { signal }).catch(() => undefined)
  })
  using _interrupts = interrupts.handle((interruption, count) => {
    if (count > 2) return interrupts.abort(interruption)
    if (count === 1 && interruption.signal === 'SIGINT' && io.stderr.isTTY) io.stderr.write(stoppingText)
    stopper.stop(interruption, count)
  })
  using input = interactive && tty ? new DetachableInput(io.stdin, options.detachKeys) : undefined
  try {
    const streams = toStreams(options, input ?? io.stdin)
    const code = await untilDetached(runtime.startAttached(id, { ...streams, signal }), input)
    if (code === 'detached') io.stderr.write('\r\nDetached; the container continues to run\r\n')
    return code === 'detached' ? code : stopper.toExitCode(code)
  } catch (error) {
    throw stopper.toFailure(error)
  }
}

export interface AttachedRunOptions {
  readonly io: Io
  readonly interrupts: Interrupts
  readonly interactive: boolean
  readonly tty: boolean
  /** The time between the stop signal and the kill. Default 10 000. */
  readonly graceMs: number | undefined
  /** The bytes of the detach keys, which apply to an interactive terminal. */
  readonly detachKeys: Uint8Array
}

/** Stops a container when the command is interrupted. */
class ContainerStopper {
  readonly #runtime: Runtime
  readonly #id: string
  readonly #options: StopperOptions
  readonly #gracefulStop = new AbortController()
  #interruption: Interruption | undefined

  constructor(runtime: Runtime, id: string, options: StopperOptions) {
    this.#runtime = runtime
    this.#id = id
    this.#options = options
  }

  stop(interruption: Interruption, count: number): void {
    this.#interruption ??= interruption
    // Without a reader of stdout, a program ends at its next write, so a graceful stop has no use.
    const isKill = count > 1 || interruption.signal === 'SIGPIPE'
    if (isKill) this.#gracefulStop.abort(interruption)
    const { graceMs = 10_000, onFailure } = this.#options
    const options = isKill ? { graceMs: 0 } : { graceMs, signal: this.#gracefulStop.signal }
    this.#runtime.stopContainer(this.#id, options).catch((error: unknown) => {
      if (error !== interruption && !this.#gracefulStop.signal.aborted) onFailure(error)
    })
  }

  /** Returns the error; if stdout was closed, the interruption instead, since the error is only the failed write. */
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

function toStreams({ io, interactive, tty }: AttachedRunOptions, stdin: Readable): AttachOptions {
  const initialSize = tty ? findTerminalSize(io.stdout) : undefined
  return {
    stdout: io.stdout,
    stderr: io.stderr,
    ...(interactive ? { stdin } : {}),
    ...(initialSize === undefined ? {} : { initialSize }),
  }
}

// The line feed ends the line in which the terminal has echoed ^C.
const stoppingText = '\nStopping the container; Ctrl-C again kills it\n'
