import { Writable } from 'node:stream'
import type { EndResult } from './end-result.js'

/**
 * The output of a process, of which at most `maxBytes` bytes are kept. Needs at most twice that memory, regardless of the
 * length of the output and of its chunks.
 */
export class CapturedOutput {
  readonly stdout: Writable
  readonly stderr: Writable
  readonly #maxBytes: number
  readonly #keep: 'start' | 'end'
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0
  /** The lengths of the parts of `#bytes`, in order: positive for stdout, negative for stderr. */
  #runs: number[] = []
  #isTruncated = false

  constructor({ maxBytes, keep }: { readonly maxBytes: number; readonly keep: 'start' | 'end' }) {
    this.#maxBytes = maxBytes
    this.#keep = keep
    this.stdout = this.#createWritable(1)
    this.stderr = this.#createWritable(-1)
  }

  /** Returns the texts. Omits a character of which the limit has cut a part. */
  toTexts(): Pick<EndResult, 'stdout' | 'stderr' | 'output' | 'isTruncated'> {
    this.#dropStart()
    const texts = { stdout: '', stderr: '', output: '' }
    const append = (source: Source, text: string) => {
      texts[source] += text
      texts.output += text
    }
    // A decoder for each stream, since a chunk may end within a character, and one of the other stream may follow.
    const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }
    const begun = new Set<Source>()
    let offset = 0
    for (const run of this.#runs) {
      const source = run > 0 ? 'stdout' : 'stderr'
      const bytes = this.#bytes.subarray(offset, offset + Math.abs(run))
      const isCut = this.#isTruncated && this.#keep === 'end' && !begun.has(source)
      append(source, decoders[source].decode(isCut ? skipContinuation(bytes) : bytes, { stream: true }))
      begun.add(source)
      offset += bytes.length
    }
    if (!this.#isTruncated || this.#keep === 'end') {
      for (const source of sources) append(source, decoders[source].decode())
    }
    return { ...texts, isTruncated: this.#isTruncated }
  }

  /** Returns the last lines of the output that is kept. */
  toLastLines(): readonly string[] {
    const lines = this.toTexts().output.split(/\r?\n/)
    return (lines.at(-1) === '' ? lines.slice(0, -1) : lines).slice(-lastLineCount)
  }

  #createWritable(sign: 1 | -1): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#add(chunk, sign)
        done()
      },
    })
  }

  #add(chunk: Buffer, sign: 1 | -1): void {
    const isStart = this.#keep === 'start'
    const from = isStart ? 0 : Math.max(0, chunk.length - this.#maxBytes)
    const kept = isStart ? chunk.subarray(0, this.#maxBytes - this.#length) : chunk.subarray(from)
    if (kept.length < chunk.length) this.#isTruncated = true
    if (kept.length === 0) return
    if (this.#length + kept.length > 2 * this.#maxBytes) this.#dropStart()
    this.#reserve(this.#length + kept.length)
    this.#bytes.set(kept, this.#length)
    this.#length += kept.length
    const last = this.#runs.at(-1)
    if (last === undefined || Math.sign(last) !== sign) this.#runs.push(sign * kept.length)
    else this.#runs[this.#runs.length - 1] = last + sign * kept.length
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return
    const limit = this.#keep === 'start' ? this.#maxBytes : 2 * this.#maxBytes
    const grown = Buffer.allocUnsafeSlow(Math.min(limit, Math.max(length, 2 * this.#bytes.length, leastBytes)))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }

  /** Drops the bytes before the last `maxBytes`. */
  #dropStart(): void {
    const excess = this.#length - this.#maxBytes
    if (excess <= 0) return
    this.#isTruncated = true
    this.#bytes.copyWithin(0, excess, this.#length)
    this.#length = this.#maxBytes
    let left = excess
    const first = this.#runs.findIndex((run) => {
      const isKept = Math.abs(run) > left
      if (!isKept) left -= Math.abs(run)
      return isKept
    })
    const kept = first === -1 ? [] : this.#runs.slice(first)
    const [cut] = kept
    if (cut !== undefined) kept[0] = cut - Math.sign(cut) * left
    this.#runs = kept
  }
}

type Source = 'stdout' | 'stderr'

const sources = ['stdout', 'stderr'] as const

/** Returns the bytes without the rest of a UTF-8 character whose first byte is missing. */
function skipContinuation(bytes: Uint8Array): Uint8Array {
  const first = bytes.subarray(0, 3).findIndex((byte) => (byte & 0xc0) !== 0x80)
  return bytes.subarray(first === -1 ? Math.min(3, bytes.length) : first)
}

const leastBytes = 4096
const lastLineCount = 20
