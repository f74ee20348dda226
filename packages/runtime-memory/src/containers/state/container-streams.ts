import { PassThrough, type Readable, type Writable } from 'node:stream'
import { createProcessOutput } from '../../simulation/processes/process-output.js'
import type { ProcessStreams } from '../../simulation/processes/simulated-process.js'
import { createTerminalInput, toTerminalOutput } from '../../simulation/processes/terminal.js'
import type { ContainerLog } from './container-log.js'

/** Somebody attached. */
export interface AttachedClient {
  /** Takes output no faster than it can; never rejects. */
  write(source: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void>
  /** Is told that it is no longer attached. */
  detach(): void
}

/** Where the output goes, and how the input comes. */
export interface ContainerStreamsOptions {
  readonly log: ContainerLog
  readonly interactive: boolean
  readonly terminal: boolean
  /** Lets the rest of the process have its turn between two writes. */
  readonly nextTurn: () => Promise<void>
  readonly onInterrupt: () => void
}

/** The streams of a container's first process: output goes to the log, then to all who are attached. */
export class ContainerStreams implements ProcessStreams {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** Where attached input goes; ends at once where the container is not interactive. */
  readonly input: Writable
  readonly #clients = new Set<AttachedClient>()
  readonly #options: ContainerStreamsOptions

  constructor(options: ContainerStreamsOptions) {
    this.#options = options
    const stdin = new PassThrough()
    stdin.on('error', () => {})
    this.stdin = stdin
    this.stdout = createProcessOutput((bytes) => this.#write('stdout', bytes))
    this.stderr = createProcessOutput((bytes) => this.#write('stderr', bytes))
    this.input = options.terminal ? this.#createTerminalInput(stdin) : stdin
    if (!options.interactive) this.input.end()
  }

  /** Sends it all output from now on. */
  attach(client: AttachedClient): void {
    this.#clients.add(client)
  }

  detach(client: AttachedClient): void {
    this.#clients.delete(client)
    client.detach()
  }

  #createTerminalInput(stdin: Writable): Writable {
    return createTerminalInput({
      stdin,
      echo: (bytes) => this.#write('stdout', bytes),
      onInterrupt: this.#options.onInterrupt,
    })
  }

  async #write(source: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void> {
    const { log, terminal, nextTurn } = this.#options
    // A write of nothing leaves no record, and no chunk for a reader.
    if (bytes.length === 0) return await nextTurn()
    const shown = terminal ? toTerminalOutput(bytes) : bytes
    log.append(terminal ? 'combined' : source, shown)
    const target = terminal ? 'stdout' : source
    await Promise.all([...this.#clients].map((client) => client.write(target, shown)))
    await Promise.all([log.waitForRoom(), nextTurn()])
  }
}
