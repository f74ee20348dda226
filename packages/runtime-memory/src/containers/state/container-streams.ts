import { PassThrough, type Readable, type Writable } from 'node:stream'
import { createProcessOutput } from '../../simulation/processes/process-output.js'
import type { ProcessStreams } from '../../simulation/processes/simulated-process.js'
import { createTerminalInput, toTerminalOutput } from '../../simulation/processes/terminal.js'
import type { ContainerLog } from './container-log.js'

/** A client that is attached to a container. */
export interface AttachedClient {
  /** Writes output and resolves when the client has consumed it; never rejects. */
  write(source: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void>
  /** Called when the client is detached. */
  detach(): void
}

/** Options of `ContainerStreams`. */
export interface ContainerStreamsOptions {
  readonly log: ContainerLog
  readonly interactive: boolean
  readonly terminal: boolean
  /** Resolves in a later turn of the event loop, so that other work runs between two writes. */
  readonly nextTurn: () => Promise<void>
  /** Resolves at once unless the container is paused. */
  readonly untilUnpaused: () => Promise<void>
  readonly onInterrupt: () => void
}

/** The streams of a container's first process. Output goes to the log, then to all attached clients. */
export class ContainerStreams implements ProcessStreams {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** Receives the input of attached clients. It has ended when the container is not interactive. */
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
    const echo = (bytes: Uint8Array) => this.#write('stdout', bytes)
    this.input = options.terminal ? createTerminalInput({ stdin, echo, onInterrupt: options.onInterrupt }) : stdin
    if (!options.interactive) this.input.end()
  }

  /** Sends all output from now on to the client. */
  attach(client: AttachedClient): void {
    this.#clients.add(client)
  }

  detach(client: AttachedClient): void {
    this.#clients.delete(client)
    client.detach()
  }

  async #write(source: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void> {
    const { log, terminal, nextTurn, untilUnpaused } = this.#options
    await untilUnpaused()
    // An empty write creates neither a log record nor a chunk for readers.
    if (bytes.length === 0) return await nextTurn()
    const shown = terminal ? toTerminalOutput(bytes) : bytes
    log.append(terminal ? 'combined' : source, shown)
    const target = terminal ? 'stdout' : source
    await Promise.all([...this.#clients].map((client) => client.write(target, shown)))
    await Promise.all([log.waitForCapacity(), nextTurn()])
  }
}
