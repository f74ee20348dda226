import type { Duplex, Readable, Writable } from 'node:stream'
import type { TerminalSize } from '@capstan/core'
import type { Argv, StringMap } from '@capstan/core/plugin'

/**
 * A program that runs in a simulated container. Resolves with its exit code.
 *
 * A program that throws after it received a signal ends with 128 plus the number of the signal. One that throws
 * without a signal ends with 1 and writes the error's message to stderr.
 */
export type MemoryProgram = (process: MemoryProcess) => Promise<number>

/** The view of one simulated process. */
export interface MemoryProcess {
  /** The command line with `argv[0]`. Empty for `main` when neither the image nor the container has a command. */
  readonly argv: Argv
  readonly env: StringMap
  /** 1 for the container's first process, or 2 when the container has an init. */
  readonly pid: number
  /** The configured user; `''` is root. */
  readonly user: string
  /** The configured additional groups. */
  readonly groups: readonly string[]
  readonly workingDirectory: string
  /** Whether its streams are a terminal. */
  readonly terminal: boolean
  /** Returns the current size; `undefined` without a terminal and before a size was set. */
  readonly terminalSize: () => TerminalSize | undefined
  /** Ends at once when the container is not `interactive`. */
  readonly stdin: Readable
  /** Applies the back-pressure of attached readers. A reader that disconnects causes no error. */
  readonly stdout: Writable
  readonly stderr: Writable
  /**
   * Aborts when the process receives a signal, with a {@link MemorySignal} as its reason. After SIGKILL the output and
   * result of the program are ignored.
   */
  readonly signal: AbortSignal
  /** Connects to a name or address. Rejects with ENOTFOUND, ECONNREFUSED, EHOSTUNREACH, EACCES (firewall) as `code`. */
  connect(host: string, port: number): Promise<Duplex>
  /**
   * Listens on a TCP port of the container until the process ends. Throws EADDRINUSE when the port is in use. When
   * `serve` fails, its connection is closed.
   */
  listen(port: number, serve: (peer: Duplex) => void | Promise<void>): void
  /** The files of the container, including its mounts. */
  readonly files: MemoryFiles
  /** Runs another command of the image with the same streams. Resolves with 126 or 127 as a shell does. */
  run(argv: Argv, options?: MemoryRunOptions): Promise<number>
}

/** Files by absolute path, or by path from the working directory. Errors have an errno code. */
export interface MemoryFiles {
  /** Rejects with ENOENT, EISDIR. */
  read(path: string): Promise<Uint8Array>
  /** Rejects with EISDIR, ENOSPC, and with EROFS when the file system or mount is read-only. */
  write(path: string, content: string | Uint8Array): Promise<void>
  /** Lists the names in a directory, sorted. Rejects with ENOENT, ENOTDIR. */
  list(path: string): Promise<readonly string[]>
  /** Returns the permission bits of a file and follows links. Rejects with ENOENT. */
  mode(path: string): Promise<number>
  /** Rejects as `write` does. */
  changeMode(path: string, mode: number): Promise<void>
}

/** Options of `run`. They replace what the command would inherit from the program. */
export interface MemoryRunOptions {
  /** The whole environment: nothing is inherited from the program. */
  readonly env?: StringMap
  readonly workingDirectory?: string
  readonly stdin?: Readable
  readonly stdout?: Writable
  readonly stderr?: Writable
  readonly signal?: AbortSignal
}

/** The reason with which `MemoryProcess.signal` aborts. */
export interface MemorySignal extends Error {
  /** The name of the signal, such as `SIGTERM`. */
  readonly signal: string
}

/** A simulated image: its main program and its commands. */
export interface MemoryImage {
  /** Runs unless the command line names one of `commands`. */
  readonly main: MemoryProgram
  /** Programs by the base name of the first word, at start and for exec. Exec of any other has exit code 127. */
  readonly commands?: Readonly<Record<string, MemoryProgram>>
  readonly env?: StringMap
  readonly user?: string
}
