import { createHostError } from '@capstan/core/plugin'

/**
 * Parses the JSON that a command printed, also after lines with warnings. No JSON: PROTOCOL_ERROR with an excerpt of the output.
 */
export function readJson(operation: string, output: Uint8Array): unknown {
  const text = Buffer.from(output).toString('utf8')
  for (const at of findStarts(text)) {
    const parsed = tryParse(text.slice(at))
    if (parsed !== undefined) return parsed.value
  }
  throw toProtocolError(operation, text)
}

export function toProtocolError(operation: string, shown: unknown): Error {
  const text = typeof shown === 'string' ? shown : (JSON.stringify(shown) ?? String(shown))
  const excerpt = Buffer.from(text).subarray(0, 500).toString('utf8')
  return createHostError('PROTOCOL_ERROR', { operation, excerpt: excerpt === '' ? 'nothing at all' : excerpt })
}

export type JsonObject = { readonly [key: string]: unknown }

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The positions of the lines that begin with a bracket. */
function findStarts(text: string): readonly number[] {
  return [...text.matchAll(/^[[{]/gm)].map(({ index }) => index)
}

function tryParse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
