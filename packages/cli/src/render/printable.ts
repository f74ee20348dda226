/** Replaces control characters of a text from outside: they could move the cursor, colour the terminal or reverse the text. */
export function toPrintable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}

/** A line of output as a terminal finally shows it: after a carriage return, only the text behind it. */
export function toShownLine(line: string): string {
  return toPrintable(line.replace(/\r+$/, '').replace(/^.*\r/s, ''))
}

/** As {@link toPrintable}, on one line: a tab, or a line break with its surrounding white space, becomes one space. */
export function toOneLine(text: string): string {
  return toPrintable(text.replace(/\s*[\r\n\u2028\u2029]\s*|\t/g, ' ').trim())
}
