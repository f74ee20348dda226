import { createHostError, type StringMap } from '@capstan/core/plugin'

/**
 * Parses the JSON list that a command printed, also after lines with warnings, and returns a reader for each entry. Anything
 * else is PROTOCOL_ERROR with an excerpt of the output.
 */
export function readList(operation: string, output: Uint8Array): readonly JsonReader[] {
  const text = Buffer.from(output).toString('utf8')
  const value = parseJson(text)
  if (!Array.isArray(value) || !value.every(isObject)) throw toProtocolError(operation, text)
  return value.map((entry) => new JsonReader(operation, entry, text))
}

/** Like {@link readList}, for a JSON object. */
export function readObject(operation: string, output: Uint8Array): JsonReader {
  const text = Buffer.from(output).toString('utf8')
  const value = parseJson(text)
  if (!isObject(value)) throw toProtocolError(operation, text)
  return new JsonReader(operation, value, text)
}

/**
 * Reads the fields of one JSON object. Unknown fields are ignored. For a missing field or one of another type, `text`, `number`
 * and `object` throw PROTOCOL_ERROR with an excerpt of the output; the other methods return `undefined`, `false` or an empty value.
 * `list` throws for a field of another type.
 */
export class JsonReader {
  readonly #operation: string
  readonly #value: JsonObject
  readonly #output: string

  constructor(operation: string, value: JsonObject, output: string) {
    this.#operation = operation
    this.#value = value
    this.#output = output
  }

  text(key: string): string {
    return this.maybeText(key) ?? this.#fail()
  }

  maybeText(...keys: readonly string[]): string | undefined {
    for (const key of keys) {
      const value = this.#value[key]
      if (typeof value === 'string') return value
    }
    return undefined
  }

  number(key: string): number {
    return this.maybeNumber(key) ?? this.#fail()
  }

  maybeNumber(key: string): number | undefined {
    const value = this.#value[key]
    return typeof value === 'number' ? value : undefined
  }

  flag(key: string): boolean {
    return this.#value[key] === true
  }

  object(key: string): JsonReader {
    return this.maybeObject(key) ?? this.#fail()
  }

  maybeObject(key: string): JsonReader | undefined {
    const value = this.#value[key]
    return isObject(value) ? new JsonReader(this.#operation, value, this.#output) : undefined
  }

  list(key: string): readonly JsonReader[] {
    const value = this.#value[key] ?? []
    if (!Array.isArray(value)) return this.#fail()
    return value.filter(isObject).map((entry) => new JsonReader(this.#operation, entry, this.#output))
  }

  /** Returns the value itself, for a parser that accepts any. */
  raw(key: string): unknown {
    return this.#value[key]
  }

  texts(key: string): readonly string[] {
    const value = this.#value[key]
    return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : []
  }

  map(key: string): StringMap {
    const value = this.#value[key]
    const entries = isObject(value) ? Object.entries(value) : []
    return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
  }

  /** Reads ISO 8601, or seconds since 2001, which releases before 1.0 write. */
  date(key: string): Date | undefined {
    const value = this.#value[key]
    const time = typeof value === 'number' ? (value + secondsTo2001) * 1000 : Date.parse(String(value))
    return Number.isNaN(time) ? undefined : new Date(time)
  }

  #fail(): never {
    throw toProtocolError(this.#operation, this.#output)
  }
}

type JsonObject = { readonly [key: string]: unknown }

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses from the first line that begins with a bracket and is JSON. `undefined` if there is none. */
function parseJson(text: string): unknown {
  for (const { index } of text.matchAll(/^[[{]/gm)) {
    try {
      return JSON.parse(text.slice(index))
    } catch {
      // A warning may begin with a bracket, too.
    }
  }
  return undefined
}

function toProtocolError(operation: string, text: string): Error {
  const excerpt = Buffer.from(text).subarray(0, 500).toString('utf8')
  return createHostError('PROTOCOL_ERROR', { operation, excerpt: excerpt === '' ? 'nothing at all' : excerpt })
}

const secondsTo2001 = 978_307_200
