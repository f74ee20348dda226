import type { Readable, Writable } from 'node:stream'
import type { TerminalSize } from '@capstan/core'
import { isCliFailure } from '../apple-errors.js'
import type { AppleCli, CliSession } from '../cli/apple-cli.js'
import { OutputRecord } from './output-record.js'

export interface SessionStart {
  /** Its stdin is held open. */
  readonly isInteractive: boolean
  readonly terminal: { readonly size: TerminalSize | undefined } | undefined
}

/** How a run of `start --attach` came to its end. */
export interface SessionOutcome {
  /** `undefined` when the command line was ended, and not the program. */
  readonly exitCode: number | undefined
  /** The end of stderr, when the command line itself may have failed. */
  readonly failure: string | undefined
  readonly endedAt: Date
}

/**
 * The run of a container that this process has started: the one honest source of its exit code and its output.
 *
 * It holds one process of the command line for as long as the container runs. Its output is drained, whoever reads it.
 */
export class ContainerSession {
  readonly record: OutputRecord = new OutputRecord()
  readonly outcome: Promise<SessionOutcome>
  readonly hasTerminal: boolean
  readonly #cli: CliSession
  readonly #firstOutput: Promise<void>
  #end: SessionOutcome | undefined
  #hasBegun: () => void = () => {}
  #tail = ''

  private constructor(cli: CliSession, hasTerminal: boolean) {
    this.#cli = cli
    this.hasTerminal = hasTerminal
    this.#firstOutput = new Promise((resolve) => {
      this.#hasBegun = resolve
    })
    this.outcome = this.#follow()
  }

  static async open(cli: AppleCli, id: string, { isInteractive, terminal }: SessionStart): Promise<ContainerSession> {
    const hasTerminal = terminal !== undefined
    // With a terminal always: only then does the command set it to raw.
    const stdin = isInteractive || hasTerminal
    const argv = ['start', '--attach', ...(stdin ? ['--interactive'] : []), id]
    return new ContainerSession(await cli.open(argv, { stdin, terminal }), hasTerminal)
  }

  /** Of an interactive container; it stays open until somebody ends it. */
  get stdin(): Writable | undefined {
    return this.#cli.stdin
  }

  get end(): () => void {
    return this.#cli.end
  }

  resize(size: TerminalSize): void {
    this.#cli.resize(size)
  }

  /** `undefined` while it runs. */
  get ended(): SessionOutcome | undefined {
    return this.#end
  }

  /** Resolves when the program has printed something, and so runs. */
  get firstOutput(): Promise<void> {
    return this.#firstOutput
  }

  async #follow(): Promise<SessionOutcome> {
    const { stdin, stdout, stderr } = this.#cli
    stdin?.on('error', () => {}) // The program has ended, or the command line was.
    const [exitCode] = await Promise.all([
      this.#cli.exitCode,
      this.#pump('stdout', stdout),
      this.#pump('stderr', stderr),
    ])
    const isFailure = exitCode !== undefined && isCliFailure(exitCode, this.#tail)
    this.#end = { exitCode, failure: isFailure ? this.#tail : undefined, endedAt: new Date() }
    this.record.end()
    return this.#end
  }

  async #pump(source: 'stdout' | 'stderr', stream: Readable): Promise<void> {
    try {
      for await (const bytes of stream) {
        // At a terminal the words of the command itself come on stdout, too.
        if (source === 'stdout' && !this.hasTerminal) this.#hasBegun()
        else this.#tail = (this.#tail + Buffer.from(bytes).toString('utf8')).slice(-2000)
        await this.record.push({ source, bytes })
      }
    } catch {
      // The pipe broke with the command line; how that ended is what counts.
    }
  }
}
