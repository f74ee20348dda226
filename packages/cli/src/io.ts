import type { Readable, Writable } from 'node:stream'
import type { Environment } from '@capstan/core'

/** All that a command reads and writes of the process it runs in, so that a test can bring its own. */
export interface Io {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Environment
  readonly cwd: string
  /** Where SIGINT, SIGTERM and SIGHUP arrive: the process itself. */
  readonly signals: SignalSource
  /** Ends the process at once: for whoever has asked a third time. */
  exit(code: number): void
}

/** `isTTY` and `setRawMode` are there when it is a terminal; `fd` when it is one of this process. */
export interface Input extends Readable {
  readonly isTTY?: boolean
  readonly fd?: number
  setRawMode?(raw: boolean): unknown
}

/** `isTTY` and the size in cells are there when it is a terminal; `resize` is emitted when that changes. */
export interface Output extends Writable {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** Where signals come from: `process`, or what plays it. */
export interface SignalSource {
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

/** The real process. Streams are opened when they are asked for: a command that reads nothing leaves stdin alone. */
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

  /** Lets go of stdin: a pipe or a terminal that nobody reads any more would keep the process alive. */
  close(): void {
    this.#stdin?.destroy()
  }
}
