import { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** Writes text to another stream with each line indented by `margin`. Completes the last line when the stream ends. */
export class IndentedOutput extends Writable {
  readonly #output: Writable
  readonly #margin: string
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  constructor(output: Writable, margin: string) {
    super()
    this.#output = output
    this.#margin = margin
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#output.write(`${this.#margin}${line}\n`)
    done()
  }

  override _final(done: (error?: Error | null) => void): void {
    const rest = this.#rest + this.#decoder.end()
    if (rest !== '') this.#output.write(`${this.#margin}${rest}\n`)
    done()
  }
}
