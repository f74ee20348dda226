import { ownershipLabelKeys } from '../contract/owner-labels.js'
import { redactUrlPassword } from '../errors/redact.js'
import { check, checkOneOf, checkSecret, checkText, isObject } from './check.js'

/** Checks the name of a container, network or volume. */
export function validateName(name: unknown, field = 'name'): void {
  checkText(
    field,
    name,
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/,
    'letters, digits, "_", "." or "-", beginning with a letter or digit',
  )
}

/** Checks the name of an application, which must be a valid label value on every runtime. */
export function validateAppName(app: unknown): void {
  checkText(
    'app',
    app,
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'at most 63 letters, digits, ".", "_" or "-", beginning with a letter or digit',
  )
}

/** Checks the id or name of an object. */
export function validateId(id: unknown, field = 'id'): void {
  checkText(field, id, idOrName, 'an id or a name')
}

/** Checks a reference to an image, or its id. */
export function validateImageReference(image: unknown, field = 'image'): void {
  checkText(field, hidePassword(image, reference), reference, 'a reference such as "busybox:1.37", or an id')
}

/** Redacts a value that is not a reference, since it may be a URL with a password. */
function hidePassword(image: unknown, expected: RegExp): unknown {
  return typeof image === 'string' && !expected.test(image) ? redactUrlPassword(image) : image
}

/** Checks the name of a new image, with an optional tag and without a digest. */
export function validateImageTag(tag: unknown, field = 'tag'): void {
  checkText(field, hidePassword(tag, imageTag), imageTag, 'a name in lower case with an optional tag, such as "app:1"')
}

/** Checks a signal by name or number: `SIGTERM`, `KILL`, `9`. */
export function validateSignal(signal: unknown, field = 'signal'): void {
  checkText(field, signal, /^([A-Z][A-Z0-9+-]{0,31}|[1-9]\d?)$/, 'a signal such as "SIGINT"')
}

/** Checks the labels of a caller, who may set `capstan.lifetime` to `lease` or `persistent` and no other `capstan.` key. */
export function validateLabels(labels: unknown, field = 'labels'): void {
  validateStringMap(labels, field, {
    key: /^[^-\s=][^\s=]*$/,
    expectedKey: 'a key without spaces, "=" or a leading "-"',
  })
  for (const [key, value] of Object.entries(labels)) {
    const path = `${field}[${JSON.stringify(key)}]`
    checkText(path, value, /^/, 'a string without NUL or newline')
    if (key === ownershipLabelKeys.lifetime) checkOneOf(path, value, ['lease', 'persistent'])
    else check(!key.startsWith('capstan.'), path, 'a key that does not begin with "capstan."', key)
  }
}

/** Checks environment variables. Values may contain newlines; `null` removes a variable. */
export function validateEnv(env: unknown, field = 'env'): void {
  checkSecret(isObject(env), field, 'an object', env)
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== null))
  const rule = { key: /^[^-=\s][^=\s]*$/, expectedKey: 'a name without "=", spaces or a leading "-"' }
  validateStringMap(given, field, { ...rule, expectedValue: 'a string without NUL, or null' })
  const removed = Object.keys(env).filter((name) => !(name in given))
  for (const name of removed) checkText(`${field}[${JSON.stringify(name)}]`, name, rule.key, rule.expectedKey)
}

/** Checks strings by name. Errors do not show the values, which may be secrets. */
export function validateStringMap(
  map: unknown,
  field: string,
  rule: { readonly key: RegExp; readonly expectedKey: string; readonly expectedValue?: string },
): asserts map is Readonly<Record<string, string>> {
  checkSecret(isObject(map), field, 'an object', map)
  for (const [key, value] of Object.entries(map)) {
    const path = `${field}[${JSON.stringify(key)}]`
    checkText(path, key, rule.key, rule.expectedKey)
    const expected = rule.expectedValue ?? 'a string without NUL'
    checkSecret(typeof value === 'string' && !value.includes('\0'), path, expected, value)
  }
}

// Without "//" and without a segment that begins with a dot, since it becomes part of the path of a request.
const idOrName = /^(?!.*\/[./])[A-Za-z0-9][A-Za-z0-9_.:@/+-]{0,4095}$/
// Only a digest may follow an `@`, since a host would follow it in a URL with credentials.
const reference = /^(?=.{1,4096}$)(?!.*\/[./])[A-Za-z0-9][A-Za-z0-9_.:/+-]*(?:@[A-Za-z0-9+._-]+:[0-9a-fA-F]{16,})?$/
// https://github.com/distribution/reference/blob/main/regexp.go
const imageTag =
  /^(?=.{1,384}$)(?:(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:\d))(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+|\/)[a-z0-9]+)*(?::\w[\w.-]{0,127})?$/
