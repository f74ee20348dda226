import type { Input } from '../io.js'
import { UsageError } from '../usage-error.js'

/**
 * What `-i` and `-t` together ask of stdin. `-t` alone needs no terminal here: nothing is read from it.
 *
 * @throws UsageError where stdin is none, in docker's words.
 */
export function requireTerminal(
  stdin: Input,
  { interactive, tty }: { readonly interactive: boolean; readonly tty: boolean },
): void {
  if (interactive && tty && stdin.isTTY !== true) {
    throw new UsageError('the input device is not a TTY: stdin is no terminal; leave out -t, or run it in a terminal')
  }
}
