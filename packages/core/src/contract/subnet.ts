import { randomBytes } from 'node:crypto'
import { isIP, isIPv6 } from 'node:net'
import type { SubnetConfig } from './managers/network-manager.js'

/** An address range that {@link parseSubnet} has read. */
export interface Subnet {
  readonly family: 'ipv4' | 'ipv6'
  /** The address before the slash. */
  readonly address: string
  readonly prefix: number
  /** The range as numbers, both inclusive. */
  readonly bounds: readonly [bigint, bigint]
  /** The first address after the address of the network itself: the usual gateway. */
  readonly firstAddress: string
  /** Whether all bits after the prefix are 0. */
  readonly isAligned: boolean
  /** Whether an address is in the range. */
  contains(address: string): boolean
}

/** Parses an address range such as `10.20.0.0/24`. `undefined` for any other text, and for a range of fewer than 4 addresses. */
export function parseSubnet(cidr: string): Subnet | undefined {
  const [, address = '', digits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(cidr) ?? []
  const version = isIP(address)
  const [bits, prefix] = [version === 4 ? 32 : 128, Number(digits)]
  if (version === 0 || prefix < 1 || prefix > bits - 2) return undefined
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const value = toNumber(address)
  const size = 2n ** BigInt(bits - prefix)
  const first = value - (value % size)
  const last = first + size - 1n
  return {
    family,
    address,
    prefix,
    bounds: [first, last],
    firstAddress: toAddress(first + 1n, family),
    isAligned: value === first,
    contains: (other) => {
      if (isIP(other) !== version) return false
      const number = toNumber(other)
      return first <= number && number <= last
    },
  }
}

/** Whether two address ranges have an address in common. */
export function overlaps(one: Subnet, other: Subnet): boolean {
  return one.family === other.family && one.bounds[0] <= other.bounds[1] && other.bounds[0] <= one.bounds[1]
}

/** Returns the address `offset` after the beginning of a subnet. */
export function toAddressIn({ bounds: [first], family }: Subnet, offset: number): string {
  return toAddress(first + BigInt(offset), family)
}

/** Returns the subnets to request for a new network: the chosen ones, and a random IPv6 subnet if `ipv6` needs one. */
export function listRequestedSubnets({
  subnets = [],
  ipv6 = false,
}: {
  readonly subnets?: readonly SubnetConfig[]
  readonly ipv6?: boolean
}): readonly SubnetConfig[] {
  const hasIPv6 = subnets.some(({ cidr }) => cidr.includes(':'))
  return ipv6 && !hasIPv6 ? [...subnets, { cidr: createLocalSubnet() }] : subnets
}

/** Creates a random IPv6 subnet of RFC 4193, section 3.1: `fd`, a global id of 40 bits, and the subnet id 0. */
function createLocalSubnet(): string {
  const id = randomBytes(5).toString('hex')
  return `${toAddress(BigInt(`0xfd${id}`) << 80n, 'ipv6')}/64`
}

function toNumber(address: string): bigint {
  if (!isIPv6(address)) return toBigInt(address.split('.').map(Number), 8n)
  const [head = '', tail] = toHexGroups(address).split('::')
  const [first, last] = [toGroups(head), toGroups(tail ?? '')]
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length
  return toBigInt([...first, ...Array.from({ length: zeros }, () => 0), ...last], 16n)
}

/** Converts the IPv4 notation of the last 32 bits of an IPv6 address. */
function toHexGroups(address: string): string {
  const [, head = address, last] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? []
  if (last === undefined) return address
  const value = Number(toNumber(last))
  return `${head}${(value >>> 16).toString(16)}:${(value & 0xff_ff).toString(16)}`
}

function toGroups(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

function toBigInt(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((sum, part) => (sum << bits) + BigInt(part), 0n)
}

/** Formats an address. The longest run of zero groups of an IPv6 address is omitted, as in RFC 5952. */
function toAddress(value: bigint, family: Subnet['family']): string {
  const [count, bits] = family === 'ipv4' ? [4, 8n] : [8, 16n]
  const parts = Array.from(
    { length: count },
    (_, index) => (value >> (bits * BigInt(count - 1 - index))) & (2n ** bits - 1n),
  )
  if (family === 'ipv4') return parts.join('.')
  const text = parts.map((part) => part.toString(16)).join(':')
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?::|$)/g)].map(([run]) => run)
  const [longest] = runs.toSorted((one, other) => other.length - one.length)
  return longest === undefined ? text : text.replace(longest, '::')
}
