import { type HostError, isHostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { isObject, type JsonObject, parseJson } from '../json-values.js'

/**
 * Reads the objects of a stream of JSON lines, the format of the answers to pull, build and load.
 *
 * Throws PROTOCOL_ERROR for a line that is not an object or is longer than 1 MiB. An error of the stream is thrown
 * after the objects before it, including a last one without line end. The end of the stream does not mean success.
 */
export async function* readJsonLines(body: AsyncIterable<Uint8Array>, operation: string): AsyncIterable<JsonObject> {
  const objects: JsonObject[] = []
  const parser = new JsonLineParser(operation, (value) => objects.push(value))
  try {
    for await (const bytes of body) {
      parser.push(bytes)
      yield* objects.splice(0)
    }
  } catch (error) {
    if (!isHostError(error, 'PROTOCOL_ERROR')) parser.breakOff()
    yield* objects.splice(0)
    throw error
  }
  parser.end()
  yield* objects
}

/** Parses JSON lines that arrive in pieces. Passes each object and its line to a function. */
export class JsonLineParser {
  readonly #operation: string
  readonly #onObject: (value: JsonObject, line: string) => void
  /** The pieces of a line whose end has not arrived. */
  #rest: Buffer[] = []
  #restLength = 0

  constructor(operation: string, onObject: (value: JsonObject, line: string) => void) {
    this.#operation = operation
    this.#onObject = onObject
  }

  /** Parses the lines that end with these bytes. Throws PROTOCOL_ERROR after the objects before the invalid line. */
  push(bytes: Uint8Array): void {
    const piece = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    // No other character of UTF-8 contains this byte, so the text before it can be decoded at once.
    const end = piece.lastIndexOf(newline)
    if (end === -1) return void this.#keep(piece)
    const text = this.#restLength === 0 ? piece.toString('utf8', 0, end) : this.#takeRest(piece.subarray(0, end))
    if (text.includes('\n')) for (const line of text.split('\n')) this.#parse(line)
    else this.#parse(text)
    if (end + 1 < piece.length) this.#keep(piece.subarray(end + 1))
  }

  /** Parses a last line without line end. Throws PROTOCOL_ERROR. */
  end(): void {
    this.#parse(this.#takeRest())
  }

  /** Parses a last line without line end if it is complete. Call this when the stream has failed. */
  breakOff(): void {
    const line = this.#takeRest()
    const value = parseJson(line)
    if (isObject(value)) this.#onObject(value, line)
  }

  #keep(piece: Buffer): void {
    this.#rest.push(piece)
    this.#restLength += piece.length
    if (this.#restLength > longestLine) throw toProtocolError(this.#takeRest(), this.#operation)
  }

  #takeRest(last: Buffer = noBytes): string {
    const text = Buffer.concat([...this.#rest, last]).toString()
    this.#rest = []
    this.#restLength = 0
    return text
  }

  #parse(line: string): void {
    const value = line.length > longestLine ? undefined : parseJson(line)
    if (isObject(value)) return void this.#onObject(value, line)
    const text = line.trim()
    if (text !== '') throw toProtocolError(text, this.#operation)
  }
}

function toProtocolError(text: string, operation: string): HostError<'PROTOCOL_ERROR'> {
  const excerpt = Buffer.from(text.slice(0, 500))
    .subarray(0, 500)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')
  return createHostError('PROTOCOL_ERROR', { operation, excerpt })
}

const newline = 10
const noBytes: Buffer = Buffer.alloc(0)
/** In bytes. */
const longestLine = 1024 * 1024
