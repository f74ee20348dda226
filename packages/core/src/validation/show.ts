/** A value as an error may show it: one line, control characters escaped, at most 100 characters. Never throws. */
export function show(value: unknown): string {
  const text = toText(value)
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}

/** What sort of value it is, where the value itself may be a secret. */
export function showKind(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : typeof value
}

function toText(value: unknown): string {
  if (typeof value === 'number' || value === undefined) return String(value)
  try {
    if (value instanceof Promise) return 'a promise' // the caller left out an `await`
    return JSON.stringify(value) ?? typeof value
  } catch {
    return typeof value // a bigint, a circle, a toJSON that throws
  }
}
