import { check, checkObject, checkTimeout, isObject } from './check.js'

/**
 * Checks the options of a function that creates a plugin: rejects an option that it does not have, which would be ignored
 * silently, and a value of another kind. An option that is `undefined` counts as absent.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the option
 */
export function validatePluginOptions<O extends object>(options: O, kinds: OptionKinds<O>): void {
  checkObject('options', options)
  checkKinds(options, kinds, '')
}

/** The kind of each option. The type makes a missing option a compile error. */
export type OptionKinds<O> = { readonly [K in keyof Required<O>]: OptionKind }

/**
 * The kind of an option: `text` is a string that is not empty, and `timeout` milliseconds above 0. An object of kinds stands for
 * an object with these fields.
 */
export type OptionKind = ValueKind | { readonly [field: string]: OptionKind }

type ValueKind = 'text' | 'boolean' | 'number' | 'timeout' | 'list' | 'object' | 'function'

function checkKinds(options: object, kinds: Readonly<Record<string, OptionKind>>, path: string): void {
  for (const [name, value] of Object.entries(options)) {
    const field = `${path}${name}`
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    check(kind !== undefined, field, `one of ${Object.keys(kinds).join(', ')}`, name)
    if (value === undefined) continue
    if (typeof kind === 'string') kindChecks[kind](field, value)
    else {
      checkObject(field, value)
      checkKinds(value, kind, `${field}.`)
    }
  }
}

const kindChecks: Readonly<Record<ValueKind, (field: string, value: unknown) => void>> = {
  text: (field: string, value: unknown) =>
    check(typeof value === 'string' && value !== '', field, 'a string that is not empty', value),
  boolean: (field: string, value: unknown) => check(typeof value === 'boolean', field, 'true or false', value),
  number: (field: string, value: unknown) => check(typeof value === 'number', field, 'a number', value),
  timeout: checkTimeout,
  list: (field: string, value: unknown) => check(Array.isArray(value), field, 'an array', value),
  object: (field: string, value: unknown) => check(isObject(value), field, 'an object', value),
  function: (field: string, value: unknown) => check(typeof value === 'function', field, 'a function', value),
}
