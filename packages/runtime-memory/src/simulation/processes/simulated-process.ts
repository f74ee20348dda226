import { posix } from 'node:path'
import type { Duplex, Readable, Writable } from 'node:stream'
import type { ContainerProcess } from '@capstan/core'
import type { Argv } from '@capstan/core/plugin'
import { connect } from '../../networks/connect.js'
import type { ContainerNetworking } from '../../networks/container-networking.js'
import { listen } from '../../networks/listen.js'
import type { ContainerFiles } from '../files/container-files.js'
import type { MemoryFiles, MemoryProcess, MemoryProgram, MemoryRunOptions } from '../memory-program.js'
import { findCommand, type ProgramSources } from './find-program.js'
import { endOutput } from './process-output.js'
import { createMemorySignal, toSignalExitCode } from './signals.js'

/** The properties of one process, and what it shares with others of its container. */
export interface ProcessContext
  extends Omit<MemoryProcess, keyof ProcessStreams | 'signal' | 'connect' | 'listen' | 'files' | 'run'> {
  readonly sources: ProgramSources
  readonly networking: ContainerNetworking
}

/** The three streams of a process. */
export interface ProcessStreams {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/** A running program. It ends with the exit code of the program or that of the signal that killed it. */
export class SimulatedProcess {
  /** Resolves after both outputs are consumed, or at once when the process is killed; never rejects. */
  readonly exitCode: Promise<number>
  readonly pid: number
  readonly #command: Pick<ProcessContext, 'argv' | 'user'>
  readonly #streams: ProcessStreams
  readonly #controller = new AbortController()
  readonly #stopListening: (() => void)[] = []
  readonly #connections = new Set<Duplex>()
  #finish: (code: number) => void = () => {}

  constructor(program: MemoryProgram, streams: ProcessStreams, context: ProcessContext) {
    this.#streams = streams
    this.pid = context.pid
    this.#command = context
    this.exitCode = new Promise((resolve) => {
      this.#finish = resolve
    })
    void this.#runToEnd(program, this.#createProcess(context))
  }

  /** Returns the entry of the process in a list. */
  describe(parentPid: number): ContainerProcess {
    const { argv, user } = this.#command
    return { pid: this.pid, parentPid, user: user.split(':', 1)[0] || 'root', command: argv.join(' ') }
  }

  /**
   * Sends a signal to the program, which sees only the first one. SIGKILL ends the process at once. The signals that a kernel
   * ignores by default have no effect.
   */
  signal(name: string): void {
    if (name === 'SIGKILL') this.kill()
    else if (!ignoredSignals.has(name)) this.#controller.abort(createMemorySignal(name))
  }

  /** Ends the process at once, even if the program continues. */
  kill(): void {
    this.#end(toSignalExitCode('SIGKILL'))
    this.#controller.abort(createMemorySignal('SIGKILL'))
    const { stdout, stderr } = this.#streams
    for (const stream of [stdout, stderr]) stream.destroy()
  }

  #createProcess({ sources, networking, ...own }: ProcessContext): MemoryProcess {
    const process: MemoryProcess = {
      ...own,
      ...this.#streams,
      signal: this.#controller.signal,
      files: createProcessFiles(sources.files, own.workingDirectory),
      connect: async (host, port) => this.#track(await connect(networking, host, port)),
      listen: (port, serve) => {
        const stopListening = listen(networking, {
          port,
          serve: (connection) => serve(this.#track(connection)),
          onError: (error) => this.#reportError(error),
        })
        this.#stopListening.push(stopListening)
      },
      run: (argv, options) => runCommand(sources, process, { ...options, argv }),
    }
    return process
  }

  async #runToEnd(program: MemoryProgram, process: MemoryProcess): Promise<void> {
    const code = await this.#runProgram(program, process)
    await Promise.all([endOutput(process.stdout), endOutput(process.stderr)])
    this.#end(code)
  }

  async #runProgram(program: MemoryProgram, process: MemoryProcess): Promise<number> {
    try {
      // Starts the program only after the caller has stored this process.
      await Promise.resolve()
      process.signal.throwIfAborted()
      return toExitStatus(await program(process))
    } catch (error) {
      const { signal } = this.#controller
      if (signal.aborted) return toSignalExitCode(signal.reason.signal)
      this.#reportError(error)
      return 1
    }
  }

  #reportError(error: unknown): void {
    this.#streams.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  }

  #track(connection: Duplex): Duplex {
    this.#connections.add(connection)
    connection.once('close', () => this.#connections.delete(connection))
    return connection
  }

  #end(code: number): void {
    this.#streams.stdin.destroy()
    for (const stop of this.#stopListening.splice(0)) stop()
    // As with sockets of a kernel, data that was written is still delivered.
    for (const connection of this.#connections) connection.end(() => connection.destroy())
    this.#finish(code)
  }
}

/** Runs another command in a process, with its streams and signal. Resolves with 126 or 127 when there is no program to run. */
async function runCommand(
  sources: ProgramSources,
  parent: MemoryProcess,
  { argv, ...options }: MemoryRunOptions & { readonly argv: Argv },
): Promise<number> {
  const { workingDirectory = parent.workingDirectory } = options
  const files = createProcessFiles(sources.files, workingDirectory)
  const child: MemoryProcess = { ...parent, ...options, argv, files }
  const { program } = await findCommand(sources, child)
  return toExitStatus(await program(child))
}

/** Gives a process access to the container's files, with paths from its working directory. */
function createProcessFiles(files: ContainerFiles, workingDirectory: string): MemoryFiles {
  const toPath = (path: string) => posix.resolve(workingDirectory, path)
  return {
    // A copy, because the program may modify it.
    read: async (path) => new Uint8Array(await files.read(toPath(path))),
    write: (path, content) => files.write(toPath(path), Buffer.from(content)),
    list: (path) => files.list(toPath(path)),
    mode: (path) => files.mode(toPath(path)),
    changeMode: (path, mode) => files.changeMode(toPath(path), mode),
  }
}

/** Reduces an exit code to eight bits, as a kernel does. Anything but an integer becomes 1. */
function toExitStatus(code: number): number {
  return Number.isInteger(code) ? code & 0xff : 1
}

/** See signal(7). */
const ignoredSignals: ReadonlySet<string> = new Set(['SIGCHLD', 'SIGCONT', 'SIGURG', 'SIGWINCH'])
