/**
 * Bytes as a string with one character per byte, U+0000 to U+00FF. Go compares, splits and cleans paths by bytes. These strings
 * give the same results, also for bytes that are not UTF-8.
 */
export type ByteText = string

/** Converts a text to its UTF-8 bytes, or bytes as they are. */
export function toByteText(content: string | Uint8Array): ByteText {
  if (typeof content === 'string' && !nonAscii.test(content)) return content
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Decodes UTF-8. Returns `undefined` for bytes that are not UTF-8. */
export function decode(bytes: ByteText): string | undefined {
  if (!nonAscii.test(bytes)) return bytes
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return undefined
  }
}

/** Returns the code points of UTF-8 bytes. As in Go, each invalid byte counts as one U+FFFD. */
export function toRunes(bytes: ByteText): readonly number[] {
  if (!nonAscii.test(bytes)) return Array.from(bytes, (byte) => byte.charCodeAt(0))
  const runes: number[] = []
  for (let at = 0; at < bytes.length; ) {
    const { rune, length } = readRune(bytes, at) ?? { rune: 0xfffd, length: 1 }
    runes.push(rune)
    at += length
  }
  return runes
}

/** Reads the code point that begins at this byte. Returns `undefined` for an invalid byte. */
export function readRune(bytes: ByteText, at: number): { readonly rune: number; readonly length: number } | undefined {
  const length = findLength(bytes.charCodeAt(at))
  const rune = decode(bytes.slice(at, at + length))?.codePointAt(0)
  return rune === undefined ? undefined : { rune, length }
}

/** Removes Unicode white space from both ends. JavaScript's `trim` differs: it removes U+FEFF, and keeps U+0085. */
export function trimSpace(bytes: ByteText): ByteText {
  let start = 0
  let end = bytes.length
  for (let length = 1; length > 0; start += length) length = spaceAt(bytes, start)
  for (let length = 1; length > 0 && end > start; end -= length) {
    length = spaceLengths.find((one) => spaces.has(bytes.slice(end - one, end))) ?? 0
  }
  return bytes.slice(start, end)
}

/** Returns the length in bytes of the white space at this position, or 0. */
function spaceAt(bytes: ByteText, at: number): number {
  return spaceLengths.find((length) => spaces.has(bytes.slice(at, at + length))) ?? 0
}

/** Returns the length in bytes of a code point that begins with this byte. */
function findLength(lead: number): number {
  if (lead < 0xc0) return 1
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : 4
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const nonAscii = /[^\x00-\x7f]/

/** The characters with the property White_Space: https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt */
const spaces: ReadonlySet<ByteText> = new Set(
  Array.from(
    '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
    toByteText,
  ),
)
const spaceLengths = [1, 2, 3]
