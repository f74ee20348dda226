type OutputStream = 'stdout' | 'stderr'

/** Cuts the output of a command into lines, reports each, and keeps the last. */
export class LineReport {
  readonly lastLines: string[] = []
  readonly #report: (text: string, stream: OutputStream) => void
  readonly #rest = new Map<OutputStream, string>()

  constructor(report: (text: string, stream: OutputStream) => void) {
    this.#report = report
  }

  add(stream: OutputStream, bytes: Uint8Array): void {
    const lines = `${this.#rest.get(stream) ?? ''}${Buffer.from(bytes).toString()}`.split('\n')
    this.#rest.set(stream, lines.pop() ?? '')
    for (const line of lines) this.#take(stream, line)
  }

  /** Reports what has no line end. */
  end(): void {
    for (const [stream, line] of this.#rest) if (line !== '') this.#take(stream, line)
    this.#rest.clear()
  }

  #take(stream: OutputStream, line: string): void {
    this.lastLines.push(line)
    if (this.lastLines.length > kept) this.lastLines.shift()
    this.#report(line, stream)
  }
}

const kept = 20
