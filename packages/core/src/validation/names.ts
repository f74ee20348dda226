import { ownershipLabelKeys } from '../ownership/owner-labels.js'
import { check, checkObject, checkText } from './check.js'

/** The name of a container, network or volume. */
export function validateName(name: unknown, field = 'name'): void {
  checkText(
    field,
    name,
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/,
    'letters, digits, "_", "." or "-", beginning with a letter or digit',
  )
}

/** The id or name by which something is addressed. */
export function validateId(id: unknown, field = 'id'): void {
  checkText(field, id, /^[A-Za-z0-9][A-Za-z0-9_.:@/+-]*$/, 'an id or a name')
}

/** A reference to an image, or its id. */
export function validateImageReference(image: unknown, field = 'image'): void {
  checkText(field, image, /^[A-Za-z0-9][A-Za-z0-9_.:@/+-]{0,4095}$/, 'a reference such as "busybox:1.37", or an id')
}

/** Labels as a caller may give them: the `capstan.` keys are the host's, but for `capstan.lifetime` with `lease` or `persistent`. */
export function validateLabels(labels: unknown, field = 'labels'): void {
  validateStringMap(labels, field, {
    key: /^[^-\s=][^\s=]*$/,
    expectedKey: 'a key without spaces, "=" or a leading "-"',
  })
  for (const [key, value] of Object.entries(labels)) {
    const path = `${field}[${JSON.stringify(key)}]`
    checkText(path, value, /^/, 'a text without NUL or newline')
    check(!key.startsWith('capstan.') || isLifetime(key, value), path, 'a key that does not begin with "capstan."', key)
  }
}

/** Environment: values may hold newlines, names may not. */
export function validateEnv(env: unknown, field = 'env'): void {
  validateStringMap(env, field, { key: /^[^-=\s][^=\s]*$/, expectedKey: 'a name without "=", spaces or a leading "-"' })
}

export function validateStringMap(
  map: unknown,
  field: string,
  rule: { readonly key: RegExp; readonly expectedKey: string },
): asserts map is Readonly<Record<string, string>> {
  checkObject(field, map)
  for (const [key, value] of Object.entries(map)) {
    const path = `${field}[${JSON.stringify(key)}]`
    checkText(path, key, rule.key, rule.expectedKey)
    check(typeof value === 'string' && !value.includes('\0'), path, 'a text without NUL', value)
  }
}

function isLifetime(key: string, value: unknown): boolean {
  return key === ownershipLabelKeys.lifetime && (value === 'lease' || value === 'persistent')
}
