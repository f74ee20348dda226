import { CliError } from '../errors/cli-error.js'
import type { Input } from './io.js'

/**
 * Checks that stdin is a terminal if both `-i` and `-t` are given. `-t` alone does not read stdin.
 *
 * @throws CliError with docker's message if it is not.
 */
export function requireTerminal(
  stdin: Input,
  { interactive, tty }: { readonly interactive: boolean; readonly tty: boolean },
): void {
  if (interactive && tty && stdin.isTTY !== true) {
    throw new CliError('the input device is not a TTY: stdin is not a terminal; omit -t, or run it in a terminal')
  }
}
