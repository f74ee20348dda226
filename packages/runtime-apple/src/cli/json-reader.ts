import type { StringMap } from '@capstan/core/plugin'
import { isObject, type JsonObject, readJson, toProtocolError } from './read-json.js'

/** Parses a JSON list and returns a reader for each entry. */
export function readList(operation: string, output: Uint8Array): readonly JsonReader[] {
  const value = readJson(operation, output)
  const whole = Buffer.from(output).toString('utf8')
  if (!Array.isArray(value) || !value.every(isObject)) throw toProtocolError(operation, whole)
  return value.map((entry) => new JsonReader(operation, entry, whole))
}

/**
 * Reads the fields of one JSON object. A missing field is PROTOCOL_ERROR with an excerpt of the output. Unknown fields are
 * ignored.
 */
export class JsonReader {
  readonly #operation: string
  readonly #value: JsonObject
  readonly #whole: string

  constructor(operation: string, value: JsonObject, whole: string) {
    this.#operation = operation
    this.#value = value
    this.#whole = whole
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
    return isObject(value) ? new JsonReader(this.#operation, value, this.#whole) : undefined
  }

  list(key: string): readonly JsonReader[] {
    const value = this.#value[key] ?? []
    if (!Array.isArray(value)) return this.#fail()
    return value.filter(isObject).map((entry) => new JsonReader(this.#operation, entry, this.#whole))
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
    throw toProtocolError(this.#operation, this.#whole)
  }
}

const secondsTo2001 = 978_307_200
