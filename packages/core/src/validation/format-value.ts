/** Formats a value for an error: one line of at most 100 characters, control characters escaped. Never throws. */
export function formatValue(value: unknown): string {
  const text = toText(value)
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}

/** Returns the type of a value that may be a secret. */
export function formatType(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : typeof value
}

function toText(value: unknown): string {
  if (typeof value === 'number' || value === undefined) return String(value)
  try {
    if (value instanceof Promise) return 'a promise' // the caller may have omitted an `await`
    return JSON.stringify(value) ?? typeof value
  } catch {
    return typeof value // a bigint, a circular structure, a toJSON that throws
  }
}
