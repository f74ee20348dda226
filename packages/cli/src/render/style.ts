import { styleText } from 'node:util'
import type { Io, Output } from '../io.js'

/** Gives a text weight or colour, where the output shows it. */
export type Style = (format: Format, text: string) => string

/** Colour on a terminal, unless NO_COLOR is set (https://no-color.org) or the terminal is a dumb one. */
export function toStyle(output: Output, env: Io['env']): Style {
  const shown = output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  return shown ? (format, text) => styleText(format, text) : (_, text) => text
}

export type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow'
