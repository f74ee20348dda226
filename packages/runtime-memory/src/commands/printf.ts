/** What `printf FORMAT VALUES` prints, with `%s`, `%d`, `%%` and the escapes `\n \t \r \0 \\`; the format repeats while there are values. */
export function toPrinted(format: string, values: readonly string[]): string {
  const left = [...values]
  let printed = ''
  do {
    const before = left.length
    printed += format.replace(/%[sd%]|\\[ntr0\\]/g, (found) => escapes.get(found) ?? left.shift() ?? '')
    if (left.length === before) break
  } while (left.length > 0)
  return printed
}

const escapes = new Map([
  ['%%', '%'],
  ['\\n', '\n'],
  ['\\t', '\t'],
  ['\\r', '\r'],
  ['\\0', '\0'],
  ['\\\\', '\\'],
])
