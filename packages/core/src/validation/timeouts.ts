import { check, checkObject, checkTimeout } from './check.js'

/**
 * Returns time limits in milliseconds: those of `given`, else of `defaults`. `field` is the name of the option in
 * errors.
 *
 * @throws HostError INVALID_ARGUMENT if `given` is not an object, has an unknown key or an invalid limit
 */
export function resolveTimeouts<T extends Readonly<Record<keyof T, number>>>(
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
