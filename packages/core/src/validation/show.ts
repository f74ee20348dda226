/** A value as an error may show it: one line, control characters escaped, at most 100 characters. */
export function show(value: unknown): string {
  const text =
    typeof value === 'number' || value === undefined ? String(value) : (JSON.stringify(value) ?? typeof value)
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}
