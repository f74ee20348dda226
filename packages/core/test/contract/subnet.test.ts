import { isIPv6 } from 'node:net'
import { describe, expect, it } from 'vitest'
import { listRequestedSubnets, overlaps, parseSubnet, toAddressIn } from '../../src/plugin.js'

describe('parseSubnet', () => {
  it('reads family, prefix, first address and alignment of a range', () => {
    const rows: readonly (readonly [string, object])[] = [
      ['10.20.0.0/24', { family: 'ipv4', prefix: 24, firstAddress: '10.20.0.1', isAligned: true }],
      ['10.20.0.5/24', { family: 'ipv4', prefix: 24, firstAddress: '10.20.0.1', isAligned: false }],
      ['0.0.0.0/1', { family: 'ipv4', prefix: 1, firstAddress: '0.0.0.1', isAligned: true }],
      ['fd00:1::/64', { family: 'ipv6', prefix: 64, firstAddress: 'fd00:1::1', isAligned: true }],
      ['fd00:0:0:1:2::/80', { family: 'ipv6', prefix: 80, firstAddress: 'fd00::1:2:0:0:1', isAligned: true }],
      ['::ffff:10.1.2.0/120', { family: 'ipv6', prefix: 120, firstAddress: '::ffff:a01:201', isAligned: true }],
    ]
    for (const [cidr, expected] of rows) expect(parseSubnet(cidr), cidr).toMatchObject(expected)
  })

  it('returns undefined for a text that is not a range of at least 4 addresses', () => {
    for (const text of ['', '10.0.0.0', '10.0.0.0/31', '10.0.0.0/33', '10.0.0/24', 'fd00::/127', 'a/8', '10.0.0.0/08x'])
      expect(parseSubnet(text), text).toBeUndefined()
  })

  it('tells which addresses a range contains', () => {
    const [four, six] = [parseSubnet('10.20.4.0/22'), parseSubnet('fd00:1::/64')]
    expect(['10.20.4.0', '10.20.7.255'].map((address) => four?.contains(address))).toEqual([true, true])
    expect(['10.20.3.255', '10.20.8.0', 'fd00::1', 'x'].map((address) => four?.contains(address))).not.toContain(true)
    expect(['fd00:1::', 'fd00:1::ffff'].map((address) => six?.contains(address))).toEqual([true, true])
    expect(['fd00:1:0:1::', '10.0.0.1'].map((address) => six?.contains(address))).not.toContain(true)
  })
})

it('overlaps tells whether two ranges have an address in common', () => {
  const share = (one: string, other: string) => {
    const [first, second] = [parseSubnet(one), parseSubnet(other)]
    return first !== undefined && second !== undefined && overlaps(first, second) && overlaps(second, first)
  }
  expect(share('10.0.0.0/8', '10.20.0.0/24')).toBe(true)
  expect(share('10.20.0.0/24', '10.20.0.128/25')).toBe(true)
  expect(share('10.20.0.0/24', '10.20.1.0/24')).toBe(false)
  expect(share('::/1', '0.0.0.0/1')).toBe(false)
})

it('toAddressIn counts addresses from the beginning of a range', () => {
  const [four, six] = [parseSubnet('10.20.255.0/16'), parseSubnet('fd00::/64')]
  expect([four && toAddressIn(four, 256), six && toAddressIn(six, 65_536)]).toEqual(['10.20.1.0', 'fd00::1:0'])
})

describe('listRequestedSubnets', () => {
  it('adds a random subnet fd00::/8 of 64 bits for ipv6', () => {
    const [one, other] = [listRequestedSubnets({ ipv6: true }), listRequestedSubnets({ ipv6: true })]
    expect(one).not.toEqual(other)
    const [address = '', prefix] = one[0]?.cidr.split('/') ?? []
    expect(isIPv6(address) && address.startsWith('fd') && prefix === '64').toBe(true)
    expect(parseSubnet(one[0]?.cidr ?? '')?.isAligned).toBe(true)
  })

  it('keeps a chosen IPv6 subnet, and adds nothing without ipv6', () => {
    const subnets = [{ cidr: 'fd00:1::/64' }]
    expect(listRequestedSubnets({ subnets, ipv6: true })).toEqual(subnets)
    expect(listRequestedSubnets({})).toEqual([])
  })
})
