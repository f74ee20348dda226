import { type HostError, isHostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { isObject, type JsonObject, parseJson } from '../json-values.js'

/**
 * Reads the objects of a stream of JSON lines, the format of the answers to pull, build and load.
 *
 * Throws PROTOCOL_ERROR for a line that is not an object or is longer than 1 MiB. An error of the stream is thrown
 * after the objects before it, including a last one without line end. The end of the stream does not mean success.
 *
 * Yields the objects, or what `convert` makes of an object and its line.
 */
export async function* readJsonLines<T = JsonObject>(
  body: AsyncIterable<Uint8Array>,
  operation: string,
  convert: (value: JsonObject, line: string) => T = (value) => value as T,
): AsyncIterable<T> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const bytes of body) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const value = parseLine(line, operation)
        if (value !== undefined) yield convert(value, line)
      }
      if (rest.length > longestLine) throw toProtocolError(rest, operation)
    }
  } catch (error) {
    const last = isHostError(error, 'PROTOCOL_ERROR') ? undefined : parseJson(rest)
    if (isObject(last)) yield convert(last, rest)
    throw error
  }
  const last = rest + decoder.decode()
  const value = parseLine(last, operation)
  if (value !== undefined) yield convert(value, last)
}

/** Parses a line; `undefined` for an empty one. */
function parseLine(line: string, operation: string): JsonObject | undefined {
  const text = line.trim()
  if (text === '') return undefined
  const value = line.length > longestLine ? undefined : parseJson(text)
  if (!isObject(value)) throw toProtocolError(text, operation)
  return value
}

function toProtocolError(text: string, operation: string): HostError<'PROTOCOL_ERROR'> {
  const excerpt = Buffer.from(text.slice(0, 500))
    .subarray(0, 500)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')
  return createHostError('PROTOCOL_ERROR', { operation, excerpt })
}

const longestLine = 1024 * 1024
