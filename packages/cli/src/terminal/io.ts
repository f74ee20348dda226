import type { Readable, Writable } from 'node:stream'
import type { Environment } from '@capstan/core/plugin'

/** The parts of the process that a command uses. A test passes its own. */
export interface Io {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Environment
  readonly cwd: string
  /** Emits SIGINT, SIGTERM and SIGHUP. */
  readonly signals: SignalSource
  /** Exits at once, without cleanup. */
  exit(code: number): void
}

/** A terminal has `isTTY` and `setRawMode`; a stream of this process has `fd`. */
export interface Input extends Readable {
  readonly isTTY?: boolean
  readonly fd?: number
  setRawMode?(raw: boolean): unknown
}

/** A terminal has `isTTY` and its size in cells, and emits `resize`. */
export interface Output extends Writable {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** An emitter of signals, such as `process`. */
export interface SignalSource {
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

/** The process itself. Streams are opened on first use, so that a command that reads nothing does not open stdin. */
export class ProcessIo implements Io {
  readonly env: Io['env'] = process.env
  readonly cwd: string = process.cwd()
  readonly signals: SignalSource = process
  #stdin: Input | undefined

  get stdin(): Input {
    this.#stdin ??= process.stdin
    return this.#stdin
  }

  get stdout(): Output {
    return process.stdout
  }

  get stderr(): Output {
    return process.stderr
  }

  exit(code: number): void {
    process.exit(code)
  }

  /** Closes stdin, which would keep the process alive while it is a pipe or a terminal. */
  close(): void {
    this.#stdin?.destroy()
  }
}
