import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { frame } from './frames.js'

/** The state of the fake engine: containers, networks, images, execs. */
export class FakeEngineState {
  readonly containers = new Map<string, FakeContainer>()
  readonly networks = new Map<string, { readonly Id: string; readonly Name: string; readonly [key: string]: unknown }>()
  readonly images = new Set(['busybox:1'])
  readonly execs = new Map<string, FakeExec>()
  #count = 0

  createContainer(name: string | undefined, config: Readonly<Record<string, unknown>>): FakeContainer {
    const container = new FakeContainer(this.createId(), name ?? `fake-${this.#count}`, config)
    container.events.once('removed', () => this.containers.delete(container.id))
    this.containers.set(container.id, container)
    return container
  }

  findContainer(idOrName: string): FakeContainer | undefined {
    const containers = [...this.containers.values()]
    return containers.find(({ id, name }) => name === idOrName || (idOrName.length >= 12 && id.startsWith(idOrName)))
  }

  createId(): string {
    this.#count += 1
    return createHash('sha256').update(String(this.#count)).digest('hex')
  }
}

export interface FakeExec {
  readonly id: string
  readonly container: FakeContainer
  readonly config: Readonly<Record<string, unknown>>
  running: boolean
  exitCode: number | null
}

type Status = 'created' | 'running' | 'paused' | 'exited'

/** A container whose process is a simple command: `exit N`, `echo TEXT`, `cat`, `sleep`. */
export class FakeContainer {
  readonly id: string
  name: string
  readonly config: Readonly<Record<string, unknown>>
  /** The networks it is connected to, by name. */
  networks: Readonly<Record<string, object>> = {}
  /** The firewall rules in its network namespace since its start. */
  rules: 'none' | 'sealed' | 'set' = 'none'
  /** `exit` with the code; `removed`. */
  readonly events = new EventEmitter()
  readonly attached = new Set<Duplex>()
  status: Status = 'created'
  exitCode = 0
  /** How often the restart policy has started it again. */
  restartCount = 0
  size: string | undefined
  log: Buffer[] = []

  constructor(id: string, name: string, config: Readonly<Record<string, unknown>>) {
    this.id = id
    this.name = name
    this.config = config
    this.events.setMaxListeners(0)
  }

  get isTerminal(): boolean {
    return this.config.Tty === true
  }

  get hostConfig(): Readonly<Record<string, unknown>> {
    return (this.config.HostConfig ?? {}) as Readonly<Record<string, unknown>>
  }

  get program(): string {
    return this.#command[0] ?? 'exit'
  }

  get argument(): string {
    return this.#command[1] ?? ''
  }

  get #command(): readonly string[] {
    return (this.config.Cmd ?? []) as readonly string[]
  }

  start(): void {
    this.status = 'running'
    this.rules = 'none'
    if (this.config.Entrypoint !== undefined) return
    const { program, argument } = this
    if (program === 'exit') this.exit(Number(argument))
    if (program === 'echo') {
      this.write(1, `${argument}\n`)
      this.exit(0)
    }
    for (const socket of this.attached) {
      if (program === 'cat') this.echoInput(socket)
      else socket.resume()
    }
  }

  write(type: number, text: string | Uint8Array): void {
    const bytes = this.isTerminal ? Buffer.from(text) : frame(type, text)
    this.log.push(bytes)
    for (const socket of this.attached) socket.write(bytes)
  }

  exit(code: number): void {
    if (this.status !== 'running' && this.status !== 'paused') return
    this.status = 'exited'
    this.exitCode = code
    for (const socket of this.attached) socket.end()
    this.events.emit('exit', code)
    if (this.hostConfig.AutoRemove === true) this.remove()
  }

  remove(): void {
    if (this.status === 'running') this.exit(137)
    this.events.emit('removed')
  }

  inspect(): object {
    const { id: Id, name, status, exitCode: ExitCode, config, hostConfig: HostConfig } = this
    const running = status === 'running' || status === 'paused'
    return {
      Id,
      Name: `/${name}`,
      Image: 'sha256:1',
      RestartCount: this.restartCount,
      State: {
        Status: status,
        Running: running,
        ExitCode,
        StartedAt: '2026-01-01T00:00:00.5Z',
        FinishedAt: '0001-01-01T00:00:00Z',
      },
      Config: config,
      HostConfig,
      NetworkSettings: { Ports: {}, Networks: this.networks },
    }
  }

  /** Runs `cat`: prints the data of this connection, and exits at its end. */
  echoInput(socket: Duplex): void {
    const end = () => this.exit(0)
    if (this.isTerminal) followTerminal(socket, { write: (text) => this.write(1, text), end })
    else socket.on('data', (chunk: Buffer) => this.write(1, chunk)).on('end', end)
    socket.resume()
  }
}

/**
 * A program at a terminal that copies its input line by line, prints `the end` at the end of the input, and exits. The
 * input ends with the character 4 at the beginning of a line. As with a real engine, a half-close ends the output.
 */
export function followTerminal(
  socket: Duplex,
  { write, end }: { readonly write: (text: string) => void; readonly end: () => void },
): void {
  let line = ''
  const take = (character: string) => {
    if (character === '\u0004' && line === '') {
      write('the end')
      return end()
    }
    if (character !== '\u0004') line += character
    if (character !== '\u0004' && character !== '\n') return
    write(line)
    line = ''
  }
  socket.on('data', (chunk: Buffer) => {
    for (const character of chunk.toString()) take(character)
  })
  socket.on('end', () => socket.end())
  socket.resume()
}
