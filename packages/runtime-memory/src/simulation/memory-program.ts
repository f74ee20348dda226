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

/** The process in which a program runs: its command line, streams, signal, network and files. */
export interface MemoryProcess {
  /**
   * The entrypoint and the command of the container, or the command line of `exec` or `run`. For a command, `argv[0]` is
   * its name; for `main`, it is the first argument. Empty for `main` when neither the image nor the container has a
   * command.
   */
  readonly argv: Argv
  readonly env: StringMap
  /** 1 for the container's first process, or 2 when it has an init; higher for `exec`. The same in commands of `run`. */
  readonly pid: number
  /** The configured user; `''` is root. */
  readonly user: string
  /** The configured additional groups. */
  readonly groups: readonly string[]
  readonly workingDirectory: string
  /** Whether its streams are a terminal. */
  readonly terminal: boolean
  /** Returns the current size; `undefined` without a terminal and before a size is set. */
  readonly terminalSize: () => TerminalSize | undefined
  /** Ends at once when the container is not `interactive`, for `exec` with `stdin: false`, and in a build. */
  readonly stdin: Readable
  /** Applies the back-pressure of attached readers. A reader that disconnects causes no error. */
  readonly stdout: Writable
  readonly stderr: Writable
  /**
   * Aborts at the first signal that the process receives, with a {@link MemorySignal} as its reason. Later signals have
   * no effect, except SIGKILL, after which the output and the result of the program are ignored.
   */
  readonly signal: AbortSignal
  /**
   * Opens a TCP connection to a name or address. Rejects with an error whose `code` is ENOTFOUND, ECONNREFUSED,
   * ENETUNREACH, EHOSTUNREACH, or EACCES when the firewall forbids it; with network mode `host`, with the error of Node's
   * socket.
   */
  connect(host: string, port: number): Promise<Duplex>
  /**
   * Listens on a TCP port of the container until the process ends. Throws EADDRINUSE when the container listens on the
   * port already, and RangeError for an invalid port. When `serve` fails, its connection is closed. With network mode
   * `host`, also listens on 127.0.0.1 of this machine; if that fails, the error is written to stderr.
   */
  listen(port: number, serve: (connection: Duplex) => void | Promise<void>): void
  /** The files of the container, including its mounts. */
  readonly files: MemoryFiles
  /** Runs another command of the image with the same streams. Resolves with 126 or 127 as a shell does. */
  run(argv: Argv, options?: MemoryRunOptions): Promise<number>
}

/** Files by absolute path, or by path from the working directory. Errors have an errno code. */
export interface MemoryFiles {
  /** Rejects with ENOENT, EISDIR. */
  read(path: string): Promise<Uint8Array>
  /**
   * Creates missing directories, except in a bind mount, where it rejects with ENOENT. Rejects with EISDIR, ELOOP, ENOSPC,
   * and with EROFS when the file system or mount is read-only.
   */
  write(path: string, content: string | Uint8Array): Promise<void>
  /** Lists the names in a directory, sorted. Rejects with ENOENT, ENOTDIR. */
  list(path: string): Promise<readonly string[]>
  /** Returns the permission bits of a file and follows links. Rejects with ENOENT. */
  mode(path: string): Promise<number>
  /** Sets the permission bits. Rejects with ENOENT, and with EROFS when the file system or mount is read-only. */
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
  /**
   * The program of the image. Runs when the first word of the command line is not a command of the image, and the
   * container does not set `entrypoint`.
   */
  readonly main: MemoryProgram
  /**
   * Commands by name. Each is also a file in `/bin`. The command line of a container, `exec` and RUN can run them. `exec`
   * of a command that does not exist has the exit code 127.
   */
  readonly commands?: Readonly<Record<string, MemoryProgram>>
  readonly env?: StringMap
  readonly user?: string
}
