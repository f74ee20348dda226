import type { StringMap } from '@capstan/core'
import { isObject, type JsonObject, readJson, toProtocolError } from './read-json.js'

/** The entries of a command that prints a list. */
export function readList(operation: string, output: Uint8Array): readonly JsonReader[] {
  const value = readJson(operation, output)
  const whole = Buffer.from(output).toString('utf8')
  if (!Array.isArray(value) || !value.every(isObject)) throw toProtocolError(operation, whole)
  return value.map((entry) => new JsonReader(operation, entry, whole))
}

/** Reads fields of one answer; a field that is missing is PROTOCOL_ERROR showing the answer, one more than known is none. */
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

  /** ISO 8601, or seconds since 2001 as releases before 1.0 write them. */
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
