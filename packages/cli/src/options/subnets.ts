import type { SubnetConfig } from '@capstan/core'
import { parseSubnet } from '@capstan/core/plugin'
import { createOptionError } from './option-error.js'

/**
 * Parses `--subnet` and `--gateway` of `network create`. Each gateway belongs to the subnet that contains it.
 *
 * @throws HostError INVALID_ARGUMENT naming the option
 */
export function parseSubnets(cidrs: readonly string[], gateways: readonly string[]): readonly SubnetConfig[] {
  const ranges = cidrs.map((cidr) => {
    const range = parseSubnet(cidr)
    if (range?.isAligned !== true) {
      const expected = 'an address range such as 10.20.0.0/24, whose bits after the prefix are 0'
      throw createOptionError('--subnet', expected, cidr)
    }
    return { cidr, range }
  })
  for (const gateway of gateways) {
    if (ranges.some(({ range }) => range.contains(gateway))) continue
    throw createOptionError('--gateway', 'an address in a subnet of --subnet', gateway)
  }
  return ranges.map(({ cidr, range }) => {
    const [gateway, second] = gateways.filter((address) => range.contains(address))
    if (second !== undefined) throw createOptionError('--gateway', `the only gateway in ${cidr}`, second)
    return { cidr, ...(gateway !== undefined && { gateway }) }
  })
}
