import type { Readable, Writable } from 'node:stream'
import type { TerminalSize } from '@capstan/core'
import { isCliFailure } from '../apple-errors.js'
import type { AppleCli, CliSession } from '../cli/apple-cli.js'
import { OutputRecord } from './output-record.js'

/** How to start a session. */
export interface SessionStart {
  /** Its stdin is kept open. */
  readonly isInteractive: boolean
  readonly terminal: { readonly size: TerminalSize | undefined } | undefined
}

/** The end of a run of `start --attach`. */
export interface SessionOutcome {
  /** `undefined` if the command was killed instead of the program. */
  readonly exitCode: number | undefined
  /** The end of stderr, if the command itself may have failed. */
  readonly failure: string | undefined
  readonly endedAt: Date
}

/**
 * A run of a container that this process started. It is the only reliable source of the exit code and the output.
 *
 * It keeps one process of the command for as long as the container runs, and drains its output even if nobody reads it.
 */
export class ContainerSession {
  readonly record: OutputRecord = new OutputRecord()
  readonly outcome: Promise<SessionOutcome>
  readonly hasTerminal: boolean
  readonly #cli: CliSession
  readonly #firstOutput: Promise<void>
  #end: SessionOutcome | undefined
  #resolveFirstOutput: () => void = () => {}
  #tail = ''

  private constructor(cli: CliSession, { hasTerminal }: { readonly hasTerminal: boolean }) {
    this.#cli = cli
    this.hasTerminal = hasTerminal
    this.#firstOutput = new Promise((resolve) => {
      this.#resolveFirstOutput = resolve
    })
    this.outcome = this.#follow()
  }

  static async open(cli: AppleCli, id: string, { isInteractive, terminal }: SessionStart): Promise<ContainerSession> {
    const hasTerminal = terminal !== undefined
    // With a terminal always, because the command sets it to raw mode only then.
    const stdin = isInteractive || hasTerminal
    const argv = ['start', '--attach', ...(stdin ? ['--interactive'] : []), id]
    return new ContainerSession(await cli.open(argv, { stdin, terminal }), { hasTerminal })
  }

  /** The stdin of an interactive container. It stays open until a caller ends it. */
  get stdin(): Writable | undefined {
    return this.#cli.stdin
  }

  /** Kills the command. The program keeps running. */
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

  /** Resolves when the program has printed something, which proves that it runs. */
  get firstOutput(): Promise<void> {
    return this.#firstOutput
  }

  async #follow(): Promise<SessionOutcome> {
    const { stdin, stdout, stderr } = this.#cli
    stdin?.on('error', () => {}) // The program has ended, or the command was killed.
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
        // With a terminal, errors of the command itself also appear on stdout.
        if (source === 'stdout' && !this.hasTerminal) this.#resolveFirstOutput()
        else this.#tail = (this.#tail + Buffer.from(bytes).toString('utf8')).slice(-2000)
        await this.record.push({ source, bytes })
      }
    } catch {
      // The pipe broke because the command ended. Its exit code decides.
    }
  }
}
