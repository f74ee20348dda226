import type { Environment } from '@capstan/core/plugin'

/** The part of node-pty that this package uses. */
export interface TerminalLibrary {
  spawn(file: string, args: string[], options: TerminalOptions): TerminalProcess
}

export interface TerminalProcess {
  readonly pid: number
  onData(listener: (data: Buffer) => void): unknown
  onExit(listener: (end: { readonly exitCode: number; readonly signal?: number }) => void): unknown
  write(data: Buffer): void
  resize(columns: number, rows: number): void
  pause(): void
  resume(): void
  /** This process's end of the terminal, for `readToEnd`. */
  readonly fd?: number | undefined
  readonly _socket?: TerminalSocket | undefined
}

interface TerminalSocket {
  read(): Buffer | null
  destroy(error?: Error): unknown
}

interface TerminalOptions {
  readonly name: string
  readonly cols: number
  readonly rows: number
  /** `null`: data are buffers, not strings. */
  readonly encoding: null
  /** Required, because the library's default is `process.env`. */
  readonly env: Environment
}

/** Loads the optional dependency node-pty, which has a native part. Resolves with `undefined` if it cannot be loaded. */
export async function loadTerminalLibrary(): Promise<TerminalLibrary | undefined> {
  try {
    // Its types know strings only, although it reads and writes buffers as well.
    const loaded = (await import('@lydell/node-pty')) as unknown as TerminalLibrary & {
      readonly default?: TerminalLibrary
    }
    return loaded.default ?? loaded
  } catch {
    return undefined
  }
}
