import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'

/** Breaks at words, and words that are longer than a line anywhere: nothing is cut off. */
export function wrapText(text: string, width: number): string {
  return wrapAnsi(text, width, { hard: true, trim: true })
}

/** Breaks where a terminal would, anywhere: indentation and all other space stays. */
export function breakLine(text: string, width: number): readonly string[] {
  return wrapAnsi(withoutTabs(text), width, { hard: true, trim: false, wordWrap: false }).split('\n')
}

/** The begin of a line that has no room for all of it. */
export function cutLine(text: string, width: number): string {
  const line = withoutTabs(text)
  if (stringWidth(line) <= width) return line
  return width > 1 ? `${breakLine(line, width - 1)[0]}…` : '…'
}

/** A tab has no width of its own, so nothing after it could be counted. */
function withoutTabs(text: string): string {
  return text.replaceAll('\t', '    ')
}
