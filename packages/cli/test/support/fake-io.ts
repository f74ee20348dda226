import { EventEmitter } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import type { Io } from '../../src/io.js'

/** A process that exists in the test alone: what is written is kept, signals are emitted by hand. */
export class FakeIo implements Io {
  readonly stdin: PassThrough & { isTTY?: boolean; setRawMode?: (raw: boolean) => void } = new PassThrough()
  readonly stdout: FakeOutput
  readonly stderr: FakeOutput
  readonly env: Io['env']
  readonly cwd: string
  readonly signals: EventEmitter = new EventEmitter()
  readonly exits: number[] = []

  constructor({ env = {}, cwd = '/home/someone', columns, stdin = '', isStdinOpen = false }: FakeIoOptions = {}) {
    this.env = env
    this.cwd = cwd
    this.stdout = new FakeOutput(columns)
    this.stderr = new FakeOutput(columns)
    this.stdin.write(stdin)
    if (!isStdinOpen) this.stdin.end()
  }

  exit(code: number): void {
    this.exits.push(code)
  }
}

export interface FakeIoOptions {
  readonly env?: Io['env']
  readonly cwd?: string
  /** Makes stdout and stderr a terminal of that width. */
  readonly columns?: number
  /** What stands on stdin. Default: nothing. */
  readonly stdin?: string
  /** Whether more may come. Default: it ends. */
  readonly isStdinOpen?: boolean
}

/** Keeps what is written to it, and tells when a text has come. */
export class FakeOutput extends Writable {
  readonly isTTY: boolean
  columns?: number
  rows?: number
  text = ''
  readonly #written = new EventEmitter()

  constructor(columns: number | undefined) {
    super()
    this.isTTY = columns !== undefined
    if (columns !== undefined) Object.assign(this, { columns, rows: 24 })
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    this.#written.emit('text')
    done()
  }

  /** As a terminal has them; what they do is not shown. */
  cursorTo(): boolean {
    return true
  }

  clearLine(): boolean {
    return true
  }

  moveCursor(): boolean {
    return true
  }

  get lines(): readonly string[] {
    return this.text.split('\n')
  }

  /** Resolves when `pattern` stands in what was written. */
  async waitFor(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) await new Promise((resolve) => this.#written.once('text', resolve))
  }
}
