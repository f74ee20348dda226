import { invalidOption } from './invalid-option.js'

/**
 * A number that is written in digits, with a fraction where `integer` is not asked for.
 *
 * @throws HostError INVALID_ARGUMENT naming `option`.
 */
export function parseNumber(
  text: string,
  { option, integer = false }: { readonly option: string; readonly integer?: boolean },
): number {
  if (!(integer ? /^\d+$/ : /^(\d+(\.\d+)?|\.\d+)$/).test(text)) {
    throw invalidOption(option, integer ? 'a whole number' : 'a number', text)
  }
  return Number(text)
}
