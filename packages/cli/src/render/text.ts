import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'

/** Wraps a text at words, and words longer than a line at any character. */
export function wrapText(text: string, width: number): string {
  return wrapAnsi(text, width, { hard: true, trim: true })
}

/** Wraps a line at any character, as a terminal does. Keeps all white space. */
export function breakLine(text: string, width: number): readonly string[] {
  return wrapAnsi(withoutTabs(text), width, { hard: true, trim: false, wordWrap: false }).split('\n')
}

/** Shortens a line that is wider than `width`, and marks that with an ellipsis. */
export function cutLine(text: string, width: number): string {
  const line = withoutTabs(text)
  if (stringWidth(line) <= width) return line
  return width > 1 ? `${breakLine(line, width - 1)[0]}…` : '…'
}

/** Replaces tabs, whose width depends on their column. */
function withoutTabs(text: string): string {
  return text.replaceAll('\t', '    ')
}
