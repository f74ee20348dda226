import type { Readable } from 'node:stream'
import type { TerminalSize } from '@capstan/core'
import { isCliFailure } from '../apple-errors.js'
import type { AppleCli, CliSession } from '../cli/apple-cli.js'
import { OutputRecord } from './output-record.js'

/** How to start a session. */
export interface SessionStart {
  /** Whether stdin is kept open. */
  readonly isInteractive: boolean
  readonly terminal: { readonly size: TerminalSize | undefined } | undefined
}

/** The end of a run of `start --attach`. */
export interface SessionOutcome {
  /** `undefined` if the command was killed or could not be started. */
  readonly exitCode: number | undefined
  /** The end of stderr (of stdout with a terminal), if the command itself may have failed. */
  readonly failure: string | undefined
  readonly endedAt: Date
}

/**
 * A run of a container that this process started. It is the only reliable source of the exit code and the output.
 *
 * It keeps one process of the command for as long as the container runs, and drains its output even if nobody reads it.
 */
export class ContainerSession {
  readonly output: OutputRecord = new OutputRecord()
  readonly outcome: Promise<SessionOutcome>
  readonly hasTerminal: boolean
  /** The stdin of an interactive container. It stays open until a caller ends it. */
  readonly stdin: CliSession['stdin']
  readonly resize: CliSession['resize']
  readonly killCommand: CliSession['killCommand']
  /** Resolves when the program has printed to stdout, which proves that it runs. Never with a terminal: see `#record`. */
  readonly firstOutput: Promise<void>
  #ended: SessionOutcome | undefined
  #resolveFirstOutput: () => void = () => {}
  #tail = ''

  private constructor(cli: CliSession, { hasTerminal }: { readonly hasTerminal: boolean }) {
    this.hasTerminal = hasTerminal
    this.stdin = cli.stdin
    this.resize = cli.resize
    this.killCommand = cli.killCommand
    this.firstOutput = new Promise((resolve) => {
      this.#resolveFirstOutput = resolve
    })
    this.outcome = this.#follow(cli)
  }

  static async open(cli: AppleCli, id: string, { isInteractive, terminal }: SessionStart): Promise<ContainerSession> {
    const hasTerminal = terminal !== undefined
    // With a terminal always, because the command sets it to raw mode only then.
    const stdin = isInteractive || hasTerminal
    const argv = ['start', '--attach', ...(stdin ? ['--interactive'] : []), id]
    return new ContainerSession(await cli.open(argv, { stdin, terminal }), { hasTerminal })
  }

  /** The outcome; `undefined` while the command runs. */
  get ended(): SessionOutcome | undefined {
    return this.#ended
  }

  async #follow({ stdin, stdout, stderr, exitCode: exited }: CliSession): Promise<SessionOutcome> {
    stdin?.on('error', () => {}) // The program has ended, or the command was killed.
    const [exitCode] = await Promise.all([exited, this.#record('stdout', stdout), this.#record('stderr', stderr)])
    const isFailure = exitCode !== undefined && isCliFailure(exitCode, this.#tail)
    this.#ended = { exitCode, failure: isFailure ? this.#tail : undefined, endedAt: new Date() }
    this.output.end()
    return this.#ended
  }

  async #record(source: 'stdout' | 'stderr', stream: Readable): Promise<void> {
    try {
      for await (const bytes of stream) {
        // With a terminal, errors of the command itself also appear on stdout.
        if (source === 'stdout' && !this.hasTerminal) this.#resolveFirstOutput()
        else this.#tail = (this.#tail + Buffer.from(bytes).toString('utf8')).slice(-2000)
        await this.output.push({ source, bytes })
      }
    } catch {
      // The pipe broke because the command ended. Its exit code decides.
    }
  }
}
