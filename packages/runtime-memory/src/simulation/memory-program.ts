import type { Duplex, Readable, Writable } from 'node:stream'
import type { TerminalSize } from '@capstan/core'
import type { Argv, StringMap } from '@capstan/core/plugin'

/**
 * What runs in a simulated container; resolves with its exit code.
 *
 * A program that throws after a signal came ends as killed by that signal (128 + its number); one that throws without
 * a signal ends with 1, the error's text on its stderr.
 */
export type MemoryProgram = (process: MemoryProcess) => Promise<number>

/** The world of one simulated process. */
export interface MemoryProcess {
  /** The whole command line, `argv[0]` included; empty for the `main` of an image where neither image nor container give one. */
  readonly argv: Argv
  readonly env: StringMap
  /** 1 for what the container was started for, unless it has an init. */
  readonly pid: number
  /** As configured: `''` is root. */
  readonly user: string
  /** Further groups, as configured. */
  readonly groups: readonly string[]
  readonly workingDirectory: string
  /** Whether its streams are a terminal. */
  readonly terminal: boolean
  /** As it is now; `undefined` without a terminal, and before a size was given. */
  readonly terminalSize: () => TerminalSize | undefined
  /** Ends at once where the container is not `interactive`. */
  readonly stdin: Readable
  /** Written no faster than attached readers read. Never errors for a reader that went away. */
  readonly stdout: Writable
  readonly stderr: Writable
  /** Aborts when a signal is sent, with a {@link MemorySignal} as its reason. After the kill that may follow nothing of the program counts. */
  readonly signal: AbortSignal
  /** A connection to a peer by name or address; rejects with an errno code (ENOTFOUND, ECONNREFUSED, EHOSTUNREACH, EACCES behind a firewall). */
  connect(host: string, port: number): Promise<Duplex>
  /** Serves a TCP port of the container until the process ends. Taken: throws EADDRINUSE. A `serve` that fails loses its peer. */
  listen(port: number, serve: (peer: Duplex) => void | Promise<void>): void
  /** The container's files, mounts included. */
  readonly files: MemoryFiles
  /** Runs another command of the image on the same streams; 126 and 127 as a shell has them. */
  run(argv: Argv, options?: MemoryRunOptions): Promise<number>
}

/** Files by their paths, absolute or from the working directory. Errors carry an errno code. */
export interface MemoryFiles {
  /** Rejects with ENOENT, EISDIR. */
  read(path: string): Promise<Uint8Array>
  /** Rejects with EISDIR, ENOSPC, and with EROFS where the file system or the mount is read-only. */
  write(path: string, content: string | Uint8Array): Promise<void>
  /** The names in a directory, sorted; rejects with ENOENT, ENOTDIR. */
  list(path: string): Promise<readonly string[]>
  /** The permission bits of what is there, links followed; rejects with ENOENT. */
  mode(path: string): Promise<number>
  /** Rejects as `write` does. */
  changeMode(path: string, mode: number): Promise<void>
}

/** What a command that a program runs gets instead of the program's own. */
export interface MemoryRunOptions {
  /** The whole environment: nothing of the program's own is added. */
  readonly env?: StringMap
  readonly workingDirectory?: string
  readonly stdin?: Readable
  readonly stdout?: Writable
  readonly stderr?: Writable
  readonly signal?: AbortSignal
}

/** The reason of `MemoryProcess.signal`. */
export interface MemorySignal extends Error {
  /** For example `SIGTERM`. */
  readonly signal: string
}

/** A simulated image: what runs in its containers, and which further commands it has. */
export interface MemoryImage {
  /** Runs unless the command line names one of `commands`. */
  readonly main: MemoryProgram
  /** Answer by the base name of the first word, on start and for exec; absent: exit code 127 for exec. */
  readonly commands?: Readonly<Record<string, MemoryProgram>>
  readonly env?: StringMap
  readonly user?: string
}
