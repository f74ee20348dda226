import { posix } from 'node:path'
import { PassThrough } from 'node:stream'
import type { MemoryProcess, MemoryRunOptions } from '../memory-program.js'
import { createProcessOutput } from '../processes/process-output.js'
import { toSignalName } from '../processes/signals.js'
import type { ProcessStreams } from '../processes/simulated-process.js'
import { writeTo } from '../processes/write-to.js'
import { fail, write } from '../programs/command-io.js'
import { openRedirects } from './shell-redirects.js'
import { expandWords, parseScript, type ShellCommand, type ShellStep } from './shell-script.js'

/** Runs scripts of the simulated `sh`. Keeps the variables, working directory, traps and last exit code. */
export class ShellInterpreter {
  exitCode = 0
  hasExited = false
  readonly #process: MemoryProcess
  readonly #name: string
  readonly #arguments: readonly string[]
  readonly #variables: Record<string, string>
  readonly #traps = new Map<string, string>()
  #directory: string
  /** Aborts the commands when a signal arrives, unless a trap ignores it. */
  #commandAbort = new AbortController()

  constructor(process: MemoryProcess, [name = 'sh', ...rest]: readonly string[]) {
    this.#process = process
    this.#name = name
    this.#arguments = rest
    this.#variables = { ...process.env }
    this.#directory = process.workingDirectory
    process.signal.addEventListener('abort', () => this.#onSignal(), { once: true })
  }

  /** Runs a script to its end or `exit`. Resolves with the exit code of the last command. */
  async runScript(script: string): Promise<number> {
    try {
      for (const step of parseScript(script)) {
        if (this.hasExited) break
        if (this.#shouldRun(step)) this.exitCode = await this.#runStep(step)
      }
    } catch (error) {
      if (this.#commandAbort.signal.aborted) throw error
      this.exitCode = await fail(this.#process, error, 2)
    }
    return this.exitCode
  }

  #shouldRun({ connector }: ShellStep): boolean {
    return connector === ';' || (connector === '&&') === (this.exitCode === 0)
  }

  async #runStep({ pipeline }: ShellStep): Promise<number> {
    try {
      return await this.#runPipeline(pipeline)
    } catch (error) {
      const action = this.#findTrap()
      if (action === undefined || !this.#commandAbort.signal.aborted) throw error
      this.#commandAbort = new AbortController()
      return await this.runScript(action)
    }
  }

  async #runPipeline(commands: readonly ShellCommand[]): Promise<number> {
    const pipes = commands.slice(1).map(createPipe)
    const codes = await Promise.all(
      commands.map((command, index) => this.#runInPipe(command, pipes[index - 1], pipes[index])),
    )
    return codes.at(-1) ?? 0
  }

  /** Runs a command of a pipeline. When its reader has ended, the exit code is that of SIGPIPE. */
  async #runInPipe(
    command: ShellCommand,
    input: PassThrough | undefined,
    pipe: PassThrough | undefined,
  ): Promise<number> {
    const { stdin, stdout, stderr } = this.#process
    const output = pipe === undefined ? stdout : createProcessOutput((bytes) => writeTo(pipe, bytes))
    try {
      return await this.#run(command, { stdin: input ?? stdin, stdout: output, stderr })
    } catch (error) {
      if (pipe?.destroyed !== true || this.#commandAbort.signal.aborted) throw error
      return brokenPipe
    } finally {
      pipe?.end()
      input?.destroy()
    }
  }

  async #run({ words, redirects }: ShellCommand, base: ProcessStreams): Promise<number> {
    const expanded = this.#expand(words)
    const assigned = takeAssignments(expanded)
    const argv = expanded.slice(assigned.length)
    if (argv.length === 0) return this.#assign(assigned)
    const named = redirects.map((redirect) => ({ ...redirect, target: this.#toTarget(redirect.target, redirect.kind) }))
    try {
      const { streams, finish } = await openRedirects(this.#process.files, base, named)
      const env = { ...this.#variables, ...Object.fromEntries(assigned) }
      const { signal } = this.#commandAbort
      const code = await this.#runCommand(argv, { ...streams, env, signal, workingDirectory: this.#directory })
      await finish()
      return code
    } catch (error) {
      if (!isFileError(error)) throw error
      return await fail(this.#process, error)
    }
  }

  async #runCommand(argv: readonly string[], options: MemoryRunOptions & ProcessStreams): Promise<number> {
    const [name = '', first = '', ...rest] = argv
    switch (name) {
      case ':':
        return 0
      case 'cd':
        return this.#changeDirectory(first)
      case 'exec':
        return this.#exit(await this.#process.run(argv.slice(1), options))
      case 'exit':
        return this.#exit(first === '' ? this.exitCode : Number(first))
      case 'export':
        return this.#assign(takeAssignments(argv.slice(1)))
      case 'trap':
        return this.#trap(first, rest)
      case 'ulimit':
        if (first !== '-n') throw new Error(`the simulated shell does not support "ulimit ${first}"`)
        return await this.#printOpenFiles(options)
      default:
        return await this.#process.run(argv, options)
    }
  }

  #assign(variables: readonly (readonly [string, string])[]): number {
    Object.assign(this.#variables, Object.fromEntries(variables))
    return 0
  }

  async #changeDirectory(given: string): Promise<number> {
    const path = posix.resolve(this.#directory, given === '' ? (this.#variables.HOME ?? '/') : given)
    await this.#process.files.list(path)
    this.#directory = path
    return 0
  }

  #exit(code: number): number {
    this.hasExited = true
    return code
  }

  #trap(action: string, signals: readonly string[]): number {
    for (const signal of signals) this.#traps.set(toSignalName(signal), action)
    return 0
  }

  /** Prints the limit of open files, for `ulimit -n`. */
  async #printOpenFiles({ stdout }: ProcessStreams): Promise<number> {
    const limits = Buffer.from(await this.#process.files.read('/proc/self/limits')).toString()
    await write(stdout, `${/Max open files +(\S+)/.exec(limits)?.[1] ?? 'unlimited'}\n`)
    return 0
  }

  #expand(words: readonly string[]): readonly string[] {
    return expandWords(words, (name) => this.#findVariable(name), this.#arguments)
  }

  #toTarget(target: string, kind: string): string {
    const [expanded = ''] = this.#expand([target])
    return kind === 'duplicate' ? expanded : posix.resolve(this.#directory, expanded)
  }

  #findVariable(name: string): string {
    if (name === '?') return String(this.exitCode)
    if (name === '$') return String(this.#process.pid)
    if (name === '@' || name === '*') return this.#arguments.join(' ')
    if (name === '0') return this.#name
    return /^\d+$/.test(name) ? (this.#arguments[Number(name) - 1] ?? '') : (this.#variables[name] ?? '')
  }

  #onSignal(): void {
    // `trap '' SIGNAL` ignores the signal, in the commands of the shell too.
    if (this.#findTrap() !== '') this.#commandAbort.abort(this.#process.signal.reason)
  }

  #findTrap(): string | undefined {
    const { signal } = this.#process
    return signal.aborted ? this.#traps.get(signal.reason.signal) : undefined
  }
}

function createPipe(): PassThrough {
  const pipe = new PassThrough()
  // The writer of the pipe handles its errors.
  pipe.on('error', () => {})
  return pipe
}

/** The leading `NAME=value` words. */
function takeAssignments(words: readonly string[]): readonly (readonly [string, string])[] {
  const assignments: [string, string][] = []
  for (const word of words) {
    const [, name, value] = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(word) ?? []
    if (name === undefined || value === undefined) break
    assignments.push([name, value])
  }
  return assignments
}

function isFileError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return ['ENOENT', 'EISDIR', 'ENOTDIR', 'EROFS', 'ENOSPC', 'ELOOP'].includes(code)
}

/** The exit code of a process that SIGPIPE has ended. */
const brokenPipe = 141
