import { ownershipLabelKeys } from '../contract/owner-labels.js'
import { redactUserInfo } from '../errors/redact.js'
import { check, checkSecret, checkText, isObject } from './check.js'

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
  checkText(field, id, idOrName, 'an id or a name')
}

/** A reference to an image, or its id. */
export function validateImageReference(image: unknown, field = 'image'): void {
  checkText(field, hidePassword(image, reference), reference, 'a reference such as "busybox:1.37", or an id')
}

/** What is no reference may be an address with a password, which no error may show. */
function hidePassword(image: unknown, expected: RegExp): unknown {
  return typeof image === 'string' && !expected.test(image) ? redactUserInfo(image) : image
}

/** The name of an image that is to be made: as registries have them, with an optional tag, and no digest. */
export function validateImageTag(tag: unknown, field = 'tag'): void {
  checkText(field, hidePassword(tag, imageTag), imageTag, 'a name in lower case with an optional tag, such as "app:1"')
}

/** A signal by its name or number: `SIGTERM`, `KILL`, `9`. */
export function validateSignal(signal: unknown, field = 'signal'): void {
  checkText(field, signal, /^([A-Z][A-Z0-9+-]{0,31}|[1-9]\d?)$/, 'a signal such as "SIGINT"')
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

/** Environment: values may hold newlines, names may not; `null` removes a variable. */
export function validateEnv(env: unknown, field = 'env'): void {
  checkSecret(isObject(env), field, 'an object', env)
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== null))
  const rule = { key: /^[^-=\s][^=\s]*$/, expectedKey: 'a name without "=", spaces or a leading "-"' }
  validateStringMap(given, field, { ...rule, expectedValue: 'a text without NUL, or null' })
  const removed = Object.keys(env).filter((name) => !(name in given))
  for (const name of removed) checkText(`${field}[${JSON.stringify(name)}]`, name, rule.key, rule.expectedKey)
}

/** Texts by their names; the values may be secrets, so no error shows one. */
export function validateStringMap(
  map: unknown,
  field: string,
  rule: { readonly key: RegExp; readonly expectedKey: string; readonly expectedValue?: string },
): asserts map is Readonly<Record<string, string>> {
  checkSecret(isObject(map), field, 'an object', map)
  for (const [key, value] of Object.entries(map)) {
    const path = `${field}[${JSON.stringify(key)}]`
    checkText(path, key, rule.key, rule.expectedKey)
    const expected = rule.expectedValue ?? 'a text without NUL'
    checkSecret(typeof value === 'string' && !value.includes('\0'), path, expected, value)
  }
}

function isLifetime(key: string, value: unknown): boolean {
  return key === ownershipLabelKeys.lifetime && (value === 'lease' || value === 'persistent')
}

// Neither "//" nor a part that begins with a dot: engines read it as a path, and ".." would lead elsewhere.
const idOrName = /^(?!.*\/[./])[A-Za-z0-9][A-Za-z0-9_.:@/+-]{0,4095}$/
// An `@` begins the digest. Anything else after it would be the host of an address with credentials.
const reference = /^(?=.{1,4096}$)(?!.*\/[./])[A-Za-z0-9][A-Za-z0-9_.:/+-]*(?:@[A-Za-z0-9+._-]+:[0-9a-fA-F]{16,})?$/
// https://github.com/distribution/reference/blob/main/regexp.go
const imageTag =
  /^(?=.{1,384}$)(?:(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:\d))(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+|\/)[a-z0-9]+)*(?::\w[\w.-]{0,127})?$/
