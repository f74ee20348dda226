import type { Environment } from '@capstan/core'

/** What is used of the library for pseudo-terminals. */
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
  /** Its own end of the terminal: see `readToEnd`. */
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
  /** Bytes, and no text. */
  readonly encoding: null
  /** Required: the library's default is the environment of the process. */
  readonly env: Environment
}

/** An optional dependency with a native part: it is loaded when there is need of it. `undefined`: it does not load here. */
export async function loadTerminalLibrary(): Promise<TerminalLibrary | undefined> {
  try {
    // Its types are of text alone, though it gives and takes bytes as well.
    const loaded = (await import('@lydell/node-pty')) as unknown as TerminalLibrary & {
      readonly default?: TerminalLibrary
    }
    return loaded.default ?? loaded
  } catch {
    return undefined
  }
}
