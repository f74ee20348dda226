import wrapAnsi from 'wrap-ansi'

/** Breaks at words, and words that are longer than a line anywhere: nothing is cut off. */
export function wrapText(text: string, width: number): string {
  return wrapAnsi(text, width, { hard: true, trim: true })
}
