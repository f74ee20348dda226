import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { frame } from './frames.js'

/** What the fake engine knows: containers, networks, images, execs. */
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

/** A container whose process is a few words: `exit N`, `echo TEXT`, `cat`, `sleep`. */
export class FakeContainer {
  readonly id: string
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  /** `exit` with the code; `removed`. */
  readonly events = new EventEmitter()
  readonly attached = new Set<Duplex>()
  status: Status = 'created'
  exitCode = 0
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

  start(): void {
    this.status = 'running'
    const [program = 'exit', argument = ''] = (this.config.Cmd ?? []) as readonly string[]
    if (program === 'exit') this.exit(Number(argument))
    if (program === 'echo') {
      this.write(1, `${argument}\n`)
      this.exit(0)
    }
    if (program === 'cat') this.#echoInput()
    else for (const socket of this.attached) socket.resume()
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
      State: {
        Status: status,
        Running: running,
        ExitCode,
        StartedAt: '2026-01-01T00:00:00.5Z',
        FinishedAt: '0001-01-01T00:00:00Z',
      },
      Config: config,
      HostConfig,
      NetworkSettings: { Ports: {}, Networks: {} },
    }
  }

  #echoInput(): void {
    for (const socket of this.attached) {
      socket.on('data', (chunk: Buffer) => this.write(1, chunk))
      socket.on('end', () => this.exit(0))
      socket.resume()
    }
  }
}
