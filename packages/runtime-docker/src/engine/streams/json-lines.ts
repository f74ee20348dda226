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
  readonly #decoder = new TextDecoder()
  readonly #operation: string
  readonly #onObject: (value: JsonObject, line: string) => void
  #rest = ''

  constructor(operation: string, onObject: (value: JsonObject, line: string) => void) {
    this.#operation = operation
    this.#onObject = onObject
  }

  /** Parses the lines that end with these bytes. Throws PROTOCOL_ERROR after the objects before the invalid line. */
  push(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#parse(line)
    if (this.#rest.length > longestLine) throw toProtocolError(this.#rest, this.#operation)
  }

  /** Parses a last line without line end. Throws PROTOCOL_ERROR. */
  end(): void {
    this.#parse(this.#rest + this.#decoder.decode())
  }

  /** Parses a last line without line end if it is complete. Call this when the stream has failed. */
  breakOff(): void {
    const value = parseJson(this.#rest)
    if (isObject(value)) this.#onObject(value, this.#rest)
  }

  #parse(line: string): void {
    const text = line.trim()
    if (text === '') return
    const value = line.length > longestLine ? undefined : parseJson(text)
    if (!isObject(value)) throw toProtocolError(text, this.#operation)
    this.#onObject(value, line)
  }
}

function toProtocolError(text: string, operation: string): HostError<'PROTOCOL_ERROR'> {
  const excerpt = Buffer.from(text.slice(0, 500))
    .subarray(0, 500)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')
  return createHostError('PROTOCOL_ERROR', { operation, excerpt })
}

const longestLine = 1024 * 1024
