/** Replaces what would move the cursor, colour the terminal or turn the direction of a text that comes from outside. */
export function toPrintable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}

/** What a terminal shows of one line of output in the end: a carriage return begins the line again. */
export function toShownLine(line: string): string {
  return toPrintable(line.replace(/\r+$/, '').replace(/^.*\r/s, ''))
}

/** The same on one line: a line break with the space around it is one space, and so is a tab. */
export function toOneLine(text: string): string {
  return toPrintable(text.replace(/\s*[\r\n\u2028\u2029]\s*|\t/g, ' ').trim())
}
