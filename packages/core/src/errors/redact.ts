/**
 * Replaces the password in a text that is a single URL or image reference: `tcp://user:***@host`.
 *
 * The password is everything between the first colon after the scheme and the last `@`, since a password that is not
 * percent-encoded may contain `@`, `/` and `:`. The colon may be encoded, and the scheme may be missing. The digest of an
 * image reference is kept.
 */
export function redactUrlPassword(text: string): string {
  const [digest = ''] = /@[A-Za-z0-9+._-]+:[0-9a-fA-F]{16,}$/.exec(text) ?? []
  const [scheme = ''] = /^(?:[a-z][a-z0-9+.-]*:)?\/\//i.exec(text) ?? []
  const rest = text.slice(scheme.length, text.length - digest.length)
  const [at, colon] = [rest.lastIndexOf('@'), rest.search(/:|%3a/i)]
  if (at === -1 || colon === -1 || colon > at) return text
  return `${scheme}${rest.slice(0, colon)}:***${rest.slice(at)}${digest}`
}

/** Replaces the passwords of all URLs in a text: `cannot reach http://user:***@proxy:3128`. */
export function redactUrlPasswords(text: string): string {
  return text.replace(address, (_, start: string) => `${start}:***@`)
}

/**
 * Applies {@link redactUrlPasswords} to all strings in a value and, 10 levels deep, in its arrays, plain objects and errors.
 * Returns the value itself if nothing changes. An error that changes is copied with its class and own properties.
 */
export function redactTexts<T>(value: T, depth = 10): T {
  // Each result has the type of the value that it replaces.
  if (typeof value === 'string') return redactUrlPasswords(value) as T
  if (depth === 0) return value
  if (value instanceof Error) return redactError(value, depth)
  if (!isPlain(value)) return value
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => redactTexts(item, depth - 1))
    return items.some((item, index) => item !== value[index]) ? (items as T) : value
  }
  const entries = Object.entries(value).map(([key, item]) => [key, item, redactTexts(item, depth - 1)] as const)
  if (entries.every(([, item, redacted]) => item === redacted)) return value
  return Object.fromEntries(entries.map(([key, , redacted]) => [key, redacted])) as T
}

function redactError<E extends Error>(error: E, depth: number): E {
  // Name and message of a DOMException are getters of its class; from Node 21 on the stack is a getter of the error.
  const read = (['name', 'message', 'stack'] as const).map(
    (key) => [key, { value: error[key], writable: true, configurable: true, enumerable: false }] as const,
  )
  const descriptors: Readonly<Record<string, PropertyDescriptor>> = {
    ...Object.getOwnPropertyDescriptors(error),
    ...Object.fromEntries(read),
  }
  const changed = Object.entries(descriptors).flatMap(([key, { value }]) => {
    const redacted: unknown = redactTexts(value, depth - 1)
    return redacted === value ? [] : [[key, { ...descriptors[key], value: redacted }] as const]
  })
  if (changed.length === 0) return error
  const copy = Object.defineProperties(new Error(), { ...descriptors, ...Object.fromEntries(changed) })
  return Object.setPrototypeOf(copy, Object.getPrototypeOf(error))
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value))
}

// Up to the last `@` before white space or a quote. In `docker-image://app:1@sha256:…` a digest follows, not a host.
const address = /([a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:"'<>]*):[^\s"'<>]*@(?!sha\d+:)/gi
