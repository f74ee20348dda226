import { EventEmitter } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import type { Io } from '../../src/terminal/io.js'

/** A fake process. It records output, and the test emits its signals. */
export class FakeIo implements Io {
  readonly stdin: PassThrough & { isTTY?: boolean; setRawMode?: (raw: boolean) => void } = new PassThrough()
  readonly stdout: FakeOutput
  readonly stderr: FakeOutput
  readonly env: Io['env']
  readonly cwd: string
  readonly signals: EventEmitter = new EventEmitter()
  readonly exits: number[] = []

  constructor({
    env = {},
    cwd = '/home/user',
    columns,
    stdin = '',
    isStdinOpen = false,
    isTerminal = false,
  }: FakeIoOptions = {}) {
    this.env = env
    this.cwd = cwd
    this.stdout = new FakeOutput(columns)
    this.stderr = new FakeOutput(columns)
    if (isTerminal) Object.assign(this.stdin, { isTTY: true, setRawMode: () => undefined })
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
  /** Makes stdout and stderr a terminal of this width. */
  readonly columns?: number
  /** The content of stdin. Default: empty. */
  readonly stdin?: string | Uint8Array
  /** Whether stdin stays open after its content. Default: false. */
  readonly isStdinOpen?: boolean
  /** Whether stdin is a terminal. Default: false. */
  readonly isTerminal?: boolean
}

/** Records output, and emits an event for each write. */
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

  /** Methods of a terminal, without effect. */
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

  /** Resolves when the output matches `pattern`. */
  async waitFor(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) await new Promise((resolve) => this.#written.once('text', resolve))
  }
}
