import { createOptionError } from './option-error.js'

/** The description of `--detach-keys`. */
export const detachKeysText: string =
  "Set the keys that leave a terminal while its process continues (default: ctrl-p,ctrl-q; '' for none)"

/**
 * Parses keys as docker writes them: single characters and `ctrl-` with a letter or one of `@[\]^_`, separated by commas. Returns
 * the bytes that a terminal sends; none for the empty text.
 *
 * @throws HostError INVALID_ARGUMENT naming `--detach-keys`.
 */
export function parseDetachKeys(text: string = 'ctrl-p,ctrl-q'): Uint8Array {
  const keys = text === '' ? [] : text.split(',')
  return Uint8Array.from(
    keys.map((key) => {
      const [, control] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? []
      // A terminal sends a control character as the code of the capital without bit 6.
      if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f
      if (/^[\x21-\x7e]$/.test(key)) return key.charCodeAt(0)
      throw createOptionError('--detach-keys', 'keys such as "ctrl-p,ctrl-q" or "ctrl-a,d"', text)
    }),
  )
}
