import { PassThrough, Readable } from 'node:stream'
import type { MemoryProcess, MemoryProgram, MemoryRunOptions } from '../memory-program.js'
import { createProcessOutput } from '../process/process-output.js'
import { toSignalName } from '../process/signals.js'
import { fail, readLines, write } from './command-io.js'
import { expandWords, parseScript, type ShellCommand, type ShellStep } from './shell-script.js'

/** `sh -c SCRIPT [NAME ARGUMENTS…]`, `sh FILE`, or `sh` with the script on stdin: the language of {@link parseScript}. */
export const sh: MemoryProgram = async (process) => {
  const [, option, script = '', ...rest] = process.argv
  if (option === '-c') return await new Shell(process, rest).runAll(script)
  if (option !== undefined) return await runFile(process, option)
  const shell = new Shell(process, [])
  await shell.prompt()
  for await (const line of readLines(process)) {
    await shell.runAll(line)
    if (shell.hasExited) break
    await shell.prompt()
  }
  return shell.code
}

async function runFile(process: MemoryProcess, path: string): Promise<number> {
  try {
    const script = Buffer.from(await process.readFile(path)).toString()
    return await new Shell(process, process.argv.slice(1)).runAll(script)
  } catch (error) {
    process.signal.throwIfAborted()
    return await fail(process, error, 127)
  }
}

class Shell {
  code = 0
  hasExited = false
  readonly #process: MemoryProcess
  readonly #name: string
  readonly #arguments: readonly string[]
  readonly #variables: Record<string, string>
  readonly #traps = new Map<string, string>()
  /** What commands run under: aborted by a signal, unless that is trapped. */
  #commands = new AbortController()

  constructor(process: MemoryProcess, [name = 'sh', ...rest]: readonly string[]) {
    this.#process = process
    this.#name = name
    this.#arguments = rest
    this.#variables = { ...process.env }
    process.signal.addEventListener('abort', () => this.#onSignal(), { once: true })
  }

  async prompt(): Promise<void> {
    if (this.#process.terminal) await write(this.#process.stdout, '# ')
  }

  async runAll(script: string): Promise<number> {
    try {
      for (const step of parseScript(script)) {
        if (this.hasExited) break
        if (this.#isDue(step)) this.code = await this.#runStep(step)
      }
    } catch (error) {
      if (this.#commands.signal.aborted) throw error
      this.code = await fail(this.#process, error, 2)
    }
    return this.code
  }

  #isDue({ connector }: ShellStep): boolean {
    if (connector === ';') return true
    return (connector === '&&') === (this.code === 0)
  }

  async #runStep({ pipeline }: ShellStep): Promise<number> {
    try {
      return await this.#runPipeline(pipeline)
    } catch (error) {
      const action = this.#findAction()
      if (action === undefined) throw error
      this.#commands = new AbortController()
      return await this.runAll(action)
    }
  }

  async #runPipeline(commands: readonly ShellCommand[]): Promise<number> {
    const [first, ...others] = commands
    if (first === undefined) return 0
    if (others.length === 0) return await this.#run(first, {})
    const pipes = others.map(() => new PassThrough())
    const codes = await Promise.all(
      commands.map((command, index) => this.#runInPipe(command, pipes[index - 1], pipes[index])),
    )
    return codes.at(-1) ?? 0
  }

  /** What a command reads ends with the one before it; what nobody reads any more is dropped. */
  async #runInPipe(
    command: ShellCommand,
    input: PassThrough | undefined,
    output: PassThrough | undefined,
  ): Promise<number> {
    output?.on('error', () => {})
    const options = { ...(input && { stdin: input }), ...(output && { stdout: output }) }
    try {
      return await this.#run(command, options)
    } catch (error) {
      if (this.#commands.signal.aborted || output?.destroyed !== true) throw error
      return brokenPipe
    } finally {
      output?.end()
      input?.destroy()
    }
  }

  async #run({ words, input, output }: ShellCommand, piped: MemoryRunOptions): Promise<number> {
    const expanded = this.#expand(words)
    const assigned = takeAssignments(expanded)
    const argv = expanded.slice(assigned.length)
    if (argv.length === 0) return this.#assign(assigned)
    const options: MemoryRunOptions = {
      ...piped,
      env: { ...this.#variables, ...Object.fromEntries(assigned) },
      signal: this.#commands.signal,
    }
    const redirected = await this.#redirect(options, input, output)
    const code = await this.#runCommand(argv, redirected.options)
    await redirected.finish()
    return code
  }

  async #redirect(options: MemoryRunOptions, input: ShellCommand['input'], output: ShellCommand['output']) {
    const [inputPath] = this.#expand(input === undefined ? [] : [input])
    const given = inputPath === undefined ? {} : { stdin: Readable.from([await this.#process.readFile(inputPath)]) }
    if (output === undefined) return { options: { ...options, ...given }, finish: async () => {} }
    if (output.kind === 'stderr')
      return { options: { ...options, ...given, stdout: this.#process.stderr }, finish: async () => {} }
    const [path = ''] = this.#expand([output.path])
    const before =
      output.kind === 'append' ? await this.#process.readFile(path).catch(() => Buffer.alloc(0)) : Buffer.alloc(0)
    const chunks: Uint8Array[] = [before]
    const stdout = createProcessOutput(async (bytes) => void chunks.push(bytes))
    return {
      options: { ...options, ...given, stdout },
      finish: () => this.#process.writeFile(path, Buffer.concat(chunks)),
    }
  }

  async #runCommand(argv: readonly string[], options: MemoryRunOptions): Promise<number> {
    const [name = '', first = '', ...rest] = argv
    if (name === 'exit') return this.#exit(first === '' ? this.code : Number(first))
    if (name === 'exec') return this.#exit(await this.#process.run(argv.slice(1), options))
    if (name === 'export') return this.#assign(takeAssignments(argv.slice(1)))
    if (name === 'trap') return this.#trap(first, rest)
    if (name === ':') return 0
    return await this.#process.run(argv, options)
  }

  #assign(variables: readonly (readonly [string, string])[]): number {
    Object.assign(this.#variables, Object.fromEntries(variables))
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

  #expand(words: readonly string[]): readonly string[] {
    return expandWords(words, (name) => this.#findVariable(name), this.#arguments)
  }

  #findVariable(name: string): string {
    if (name === '?') return String(this.code)
    if (name === '@' || name === '*') return this.#arguments.join(' ')
    if (name === '0') return this.#name
    return /^\d+$/.test(name) ? (this.#arguments[Number(name) - 1] ?? '') : (this.#variables[name] ?? '')
  }

  #onSignal(): void {
    // An empty trap ignores the signal, commands included.
    if (this.#findAction() !== '') this.#commands.abort(this.#process.signal.reason)
  }

  #findAction(): string | undefined {
    const { signal } = this.#process
    return signal.aborted ? this.#traps.get(signal.reason.signal) : undefined
  }
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

/** As of a process that SIGPIPE ended. */
const brokenPipe = 141
