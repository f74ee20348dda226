/**
 * Formats `printf FORMAT VALUES`: `%s`, `%d`, `%%`, and the escapes `\n \t \r \\ \NNN` (octal).
 *
 * The format repeats while values remain.
 */
export function formatPrintf(format: string, values: readonly string[]): Uint8Array {
  const left = [...values]
  const printed: Buffer[] = []
  do {
    const before = left.length
    for (const [part] of format.matchAll(/%[sd%]|\\[0-7]{1,3}|\\[\s\S]|[^%\\]+|[\s\S]/g))
      printed.push(toBytes(part, left))
    if (left.length === before) break
  } while (left.length > 0)
  return Buffer.concat(printed)
}

function toBytes(part: string, values: string[]): Buffer {
  if (part === '%s' || part === '%d') return Buffer.from(values.shift() ?? '')
  if (/^\\[0-7]/.test(part)) return Buffer.from([Number.parseInt(part.slice(1), 8) & 0xff])
  return Buffer.from(escapes.get(part) ?? part)
}

const escapes = new Map([
  ['%%', '%'],
  ['\\n', '\n'],
  ['\\t', '\t'],
  ['\\r', '\r'],
  ['\\\\', '\\'],
])
