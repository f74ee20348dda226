import { styleText } from 'node:util'
import type { Io, Output } from '../terminal/io.js'
import { findColumns } from '../terminal/terminal-size.js'

/** The width of a page, and how its text is styled. */
export interface PageStyle {
  readonly width: number
  readonly style: Style
}

/** Makes a text bold or coloured if the output supports it. */
export type Style = (format: 'bold' | 'dim' | 'red' | 'green' | 'yellow', text: string) => string

/** Returns the style of pages on stdout: 80 columns, fewer on a narrower terminal. */
export function toPageStyle({ stdout, env }: Pick<Io, 'stdout' | 'env'>): PageStyle {
  const columns = findColumns(stdout) ?? maxWidth
  return { width: Math.max(minWidth, Math.min(columns, maxWidth)), style: toStyle(stdout, env) }
}

/** Styles text on a terminal, unless NO_COLOR is set (https://no-color.org) or TERM is `dumb`. */
export function toStyle(output: Output, env: Io['env']): Style {
  const isStyled = output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  return isStyled ? (format, text) => styleText(format, text) : (_, text) => text
}

/** Returns a titled part of a page; the empty string if its body is empty. */
export function toSection(title: string, body: string, { style }: PageStyle): string {
  return body === '' ? '' : `${style('bold', title)}\n\n${body.trimEnd()}\n\n`
}

const maxWidth = 80
const minWidth = 40
