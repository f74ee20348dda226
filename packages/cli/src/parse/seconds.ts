import { invalidOption } from './invalid-option.js'
import { parseNumber } from './number.js'

/**
 * Whole milliseconds from a number of seconds, with or without a fraction, up to a day.
 *
 * @throws HostError INVALID_ARGUMENT naming `option`.
 */
export function parseSeconds(text: string, option: string): number {
  const seconds = parseNumber(text, { option })
  if (seconds > secondsOfDay) throw invalidOption(option, `a number of seconds up to ${secondsOfDay}`, text)
  return Math.round(1000 * seconds)
}

const secondsOfDay = 86_400
