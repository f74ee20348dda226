/** The last so many lines; what stands after the last line end is one, too. */
export function lastLines(bytes: Uint8Array, count: number): Uint8Array {
  if (count === 0) return bytes.subarray(bytes.length)
  let at = bytes.at(-1) === newline ? bytes.length - 1 : bytes.length
  for (let left = count; left > 0; left -= 1) {
    const before = bytes.lastIndexOf(newline, at - 1)
    if (before === -1 || at === 0) return bytes
    at = before
  }
  return bytes.subarray(at + 1)
}

const newline = 10
