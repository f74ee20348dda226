import { check, checkObject, checkTimeout } from './check.js'

/**
 * Returns the limits of `defaults`, in milliseconds, with those that were given in place of their defaults.
 *
 * @throws HostError INVALID_ARGUMENT for a `field` that is not an object, and for a `field.name` that is not a limit, or has
 * a value that is not a number of milliseconds above 0 and up to 2^30
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
