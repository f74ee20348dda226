import { check, checkObject, checkTimeout } from './check.js'

/**
 * The limits of `defaults` with what was given in place of each, in milliseconds.
 *
 * @throws HostError INVALID_ARGUMENT for `field`, or for `field.name`: a name that is no limit, a value that no timer waits
 */
export function withTimeouts<T extends Readonly<Record<keyof T, number>>>(
  field: string,
  given: Partial<T> | undefined,
  defaults: T,
): T {
  if (given === undefined) return defaults
  checkObject(field, given)
  const names = Object.keys(defaults)
  const entries = Object.entries<unknown>(given).filter(([, value]) => value !== undefined)
  for (const [name, value] of entries) {
    check(names.includes(name), `${field}.${name}`, `one of ${names.join(', ')}`, name)
    checkTimeout(`${field}.${name}`, value)
  }
  return { ...defaults, ...Object.fromEntries(entries) }
}
