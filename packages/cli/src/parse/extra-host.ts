import { invalidOption } from './invalid-option.js'

/**
 * Host name and address from `NAME:ADDRESS` or `NAME=ADDRESS`; the address may be `host-gateway`, an IPv6 one may stand in brackets.
 *
 * @throws HostError INVALID_ARGUMENT for anything else.
 */
export function parseExtraHost(text: string): readonly [name: string, address: string] {
  const [, name = '', address = ''] = /^([^:=]+)[:=](.+)$/.exec(text) ?? []
  if (address === '') throw invalidOption('--add-host', 'NAME:ADDRESS', text)
  return [name, address.replace(/^\[(.*)\]$/, '$1')]
}
