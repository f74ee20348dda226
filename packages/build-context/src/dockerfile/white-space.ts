/** White space by the definition of the builders, Go's `unicode.IsSpace`: with U+0085, without U+FEFF. */
const spaces = '\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

/** Whether the text is one character of white space. */
export function isSpace(character: string): boolean {
  return space.test(character)
}

/** Removes white space at both ends. */
export function trimSpaces(text: string): string {
  return trimStartSpaces(text).replace(trailing, '')
}

/** Removes white space at the start. */
export function trimStartSpaces(text: string): string {
  return text.replace(leading, '')
}

const space = new RegExp(`^[${spaces}]$`)
const leading = new RegExp(`^[${spaces}]+`)
const trailing = new RegExp(`[${spaces}]+$`)
