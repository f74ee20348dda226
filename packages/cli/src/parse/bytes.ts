import { invalidOption } from './invalid-option.js'

/**
 * Bytes from `512`, `64k`, `1.5g`, `.5g` or `2GiB`; units are powers of 1024, as docker reads them.
 *
 * @throws HostError INVALID_ARGUMENT naming `option`.
 */
export function parseBytes(text: string, option: string): number {
  const [, amount = '', unit = ''] = pattern.exec(text.toLowerCase()) ?? []
  const bytes = Math.floor(Number(amount) * 1024 ** units.indexOf(unit))
  if (amount === '' || bytes < 1 || !Number.isSafeInteger(bytes)) {
    throw invalidOption(option, 'a size such as 512m or 2g', text)
  }
  return bytes
}

const units = ['', 'k', 'm', 'g', 't', 'p']
const pattern = /^(\d+\.?\d*|\.\d+) ?(?:b|([kmgtp])(?:i?b)?)?$/
