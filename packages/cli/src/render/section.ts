import type { Style } from './style.js'

/** How wide a page may be, and whether it has weight and colour. */
export interface PageStyle {
  readonly width: number
  readonly style: Style
}

/** A titled part of a page; nothing at all when its body is empty. */
export function toSection(title: string, body: string, { style }: PageStyle): string {
  return body === '' ? '' : `${style('bold', title)}\n\n${body.trimEnd()}\n\n`
}
