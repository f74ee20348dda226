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
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const bytes of body) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield* parseLine(line, operation)
      if (rest.length > longestLine) throw toProtocolError(rest, operation)
    }
  } catch (error) {
    const last = isHostError(error, 'PROTOCOL_ERROR') ? undefined : parseJson(rest)
    if (isObject(last)) yield last
    throw error
  }
  yield* parseLine(rest + decoder.decode(), operation)
}

function* parseLine(line: string, operation: string): Iterable<JsonObject> {
  const text = line.trim()
  if (text === '') return
  const value = line.length > longestLine ? undefined : parseJson(text)
  if (!isObject(value)) throw toProtocolError(text, operation)
  yield value
}

function toProtocolError(text: string, operation: string): HostError<'PROTOCOL_ERROR'> {
  const excerpt = Buffer.from(text.slice(0, 500))
    .subarray(0, 500)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')
  return createHostError('PROTOCOL_ERROR', { operation, excerpt })
}

const longestLine = 1024 * 1024
