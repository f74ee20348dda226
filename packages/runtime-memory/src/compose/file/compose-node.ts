import { createHostError } from '@capstan/core/plugin'

/** A Compose file, or a text without a file. */
export interface ComposeFile {
  /** The path of the file; `-` for a text. */
  readonly name: string
  /** The field of the source that has it: `source.files[0]` or `source.content`. */
  readonly field: string
  /** The name of the runtime, for errors. */
  readonly runtime: string
  /** Returns the line of a value, from 1; `undefined` if it is not known. */
  findLine(keys: readonly (string | number)[]): number | undefined
}

/**
 * Makes a path absolute, from the directory of the project.
 *
 * @throws HostError INVALID_ARGUMENT for a relative path where the project has no directory
 */
export type ToPath = (path: string) => string

/** A value of a Compose file with its place, which errors contain. */
export class ComposeNode {
  readonly value: unknown
  readonly #file: ComposeFile
  readonly #keys: readonly (string | number)[]

  constructor(value: unknown, file: ComposeFile, keys: readonly (string | number)[] = []) {
    this.value = value
    this.#file = file
    this.#keys = keys
  }

  /** The path in the file, such as `services.web.ports[0]`. */
  get path(): string {
    return this.#keys.reduce<string>((path, key) => {
      if (typeof key === 'number') return `${path}[${key}]`
      return path === '' ? key : `${path}.${key}`
    }, '')
  }

  /** The last part of the path. */
  get key(): string {
    return String(this.#keys.at(-1) ?? '')
  }

  get isNull(): boolean {
    return this.value === null || this.value === undefined
  }

  get isMapping(): boolean {
    return typeof this.value === 'object' && this.value !== null && !Array.isArray(this.value)
  }

  get isSequence(): boolean {
    return Array.isArray(this.value)
  }

  /** Returns the value of a key; `undefined` for a key that is missing or has no value. */
  find(key: string): ComposeNode | undefined {
    const found = this.entries().find((node) => node.key === key)
    return found?.isNull ? undefined : found
  }

  /** Returns the values of a mapping, without those of keys that begin with `x-`, which are extensions. */
  entries(): readonly ComposeNode[] {
    if (!this.isMapping) this.reject('a mapping')
    return Object.entries(this.value as object)
      .filter(([key]) => !key.startsWith('x-'))
      .map(([key, value]) => this.#child(value, key))
  }

  /** Returns the values of a sequence. */
  items(): readonly ComposeNode[] {
    if (!Array.isArray(this.value)) this.reject('a list')
    return (this.value as readonly unknown[]).map((value, index) => this.#child(value, index))
  }

  /** Returns a text. Numbers and booleans are converted. */
  text(): string {
    const { value } = this
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    return this.reject('a text')
  }

  /** Returns the texts of a sequence. */
  texts(): readonly string[] {
    return this.items().map((item) => item.text())
  }

  /** Returns an integer, also one in a text, which a variable may have. */
  integer({ min = 0 }: { readonly min?: number } = {}): number {
    const number = typeof this.value === 'string' && /^\d+$/.test(this.value) ? Number(this.value) : this.value
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < min)
      this.reject(`an integer of at least ${min}`)
    return number as number
  }

  /** Returns a boolean, also one in a text. */
  boolean(): boolean {
    if (typeof this.value === 'boolean') return this.value
    if (this.value === 'true' || this.value === 'false') return this.value === 'true'
    return this.reject('true or false')
  }

  /** Returns the milliseconds of a duration such as `1m30s`. */
  milliseconds(): number {
    const text = typeof this.value === 'string' ? this.value : ''
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h)/g)]
    if (text === '' || parts.map(([part]) => part).join('') !== text) this.reject('a duration such as "1m30s"')
    return parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (unitMs.get(unit) ?? 0), 0)
  }

  /** Rejects the keys of a mapping that are not known, and those that the simulation does not support. */
  checkKeys(known: readonly string[], { unsupported = [] }: { readonly unsupported?: readonly string[] } = {}): void {
    for (const entry of this.entries()) {
      if (known.includes(entry.key)) continue
      throw unsupported.includes(entry.key) ? entry.unsupported() : entry.fault(`${entry.path} is not known to Compose`)
    }
  }

  /** Rejects the value. Its text is not in the error if it may be a secret. */
  reject(expected: string): never {
    throw this.fault(`${this.path === '' ? 'the file' : this.path} must be ${expected}`)
  }

  /** Returns INVALID_ARGUMENT with the file, the line and this problem. */
  fault(problem: string): Error {
    const line = this.#file.findLine(this.#keys)
    const place = line === undefined ? this.#file.name : `${this.#file.name}:${line}`
    return createFileError(this.#file, `${place}: ${problem}`)
  }

  /** Returns OPTION_UNSUPPORTED for a setting of Compose that the simulation does not have. */
  unsupported(reason = 'the simulation of Compose does not support it'): Error {
    const line = this.#file.findLine(this.#keys)
    const given = line === undefined ? this.#file.name : `${this.#file.name}:${line}`
    return createHostError('OPTION_UNSUPPORTED', { runtime: this.#file.runtime, field: this.path, given, reason })
  }

  #child(value: unknown, key: string | number): ComposeNode {
    return new ComposeNode(value, this.#file, [...this.#keys, key])
  }
}

/** Creates INVALID_ARGUMENT for a Compose file. */
export function createFileError({ field }: Pick<ComposeFile, 'field'>, problem: string): Error {
  return createHostError('INVALID_ARGUMENT', {
    field,
    expected: 'a valid Compose file',
    given: `one with this fault: ${problem}`,
  })
}

const unitMs: ReadonlyMap<string, number> = new Map([
  ['us', 0.001],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
])
