import { StringDecoder } from 'node:string_decoder'

type OutputStream = 'stdout' | 'stderr'

/** Splits the output of a command into lines, reports each, and keeps the last ones. */
export class LineReport {
  readonly lastLines: string[] = []
  readonly #report: (text: string, stream: OutputStream) => void
  readonly #decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }
  readonly #partialLines = { stdout: '', stderr: '' }

  constructor(report: (text: string, stream: OutputStream) => void) {
    this.#report = report
  }

  add(stream: OutputStream, bytes: Uint8Array): void {
    this.#add(stream, this.#decoders[stream].write(Buffer.from(bytes)))
  }

  /** Reports the last line when it has no newline. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#add(stream, this.#decoders[stream].end())
      if (this.#partialLines[stream] !== '') this.#add(stream, '\n')
    }
  }

  #add(stream: OutputStream, text: string): void {
    const lines = `${this.#partialLines[stream]}${text}`.split('\n')
    this.#partialLines[stream] = lines.pop() ?? ''
    for (const line of lines) this.#reportLine(stream, line)
  }

  #reportLine(stream: OutputStream, line: string): void {
    this.lastLines.push(line)
    if (this.lastLines.length > maximumLastLines) this.lastLines.shift()
    this.#report(line, stream)
  }
}

const maximumLastLines = 20
