import { describe, expect, it } from 'vitest'
import type { ConnectContainerOptions, CreateNetworkOptions } from '../../src/index.js'
import { validateConnection, validateDisconnection, validateNetwork } from '../../src/plugin.js'

const invalid = (field: string) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) })

describe('validateNetwork', () => {
  it('accepts subnets of both families with their gateways', () => {
    const subnets = [{ cidr: '10.20.0.0/24', gateway: '10.20.0.254' }, { cidr: 'fd00:1::/64' }]
    for (const ipv6 of [true, undefined]) validateNetwork('inside', { subnets, ...(ipv6 && { ipv6 }), internal: true })
  })

  it('rejects with INVALID_ARGUMENT and the path of the field', () => {
    const cidr = '10.20.0.0/24'
    const bad: readonly (readonly [string, object])[] = [
      ['subnets', { subnets: cidr }],
      ['subnets[0]', { subnets: [cidr] }],
      ['subnets[0].cidr', { subnets: [{}] }],
      ['subnets[0].cidr', { subnets: [{ cidr: '10.20.0.0' }] }],
      ['subnets[0].cidr', { subnets: [{ cidr: '10.20.0.1/24' }] }],
      ['subnets[0].cidr', { subnets: [{ cidr: '10.20.0.0/32' }] }],
      ['subnets[0].gateway', { subnets: [{ cidr, gateway: '10.20.1.1' }] }],
      ['subnets[0].gateway', { subnets: [{ cidr, gateway: '10.20.0.0' }] }],
      ['subnets[0].gateway', { subnets: [{ cidr, gateway: 'fd00::1' }] }],
      ['subnets[0].gateway', { subnets: [{ cidr, gateway: 1 }] }],
      ['subnets[1]', { subnets: [{ cidr }, { cidr: '10.21.0.0/24' }] }],
      ['ipv6', { ipv6: 'yes' }],
      ['ipv6', { subnets: [{ cidr: 'fd00::/64' }], ipv6: false }],
      ['internal', { internal: 1 }],
      ['scope', { scope: 'swarm' }],
      ['labels["capstan.x"]', { labels: { 'capstan.x': '' } }],
    ]
    for (const [field, options] of bad) {
      const validate = () => validateNetwork('inside', options as CreateNetworkOptions) // as plain JavaScript may pass it
      expect(validate, field).toThrow(invalid(field))
    }
  })

  it('rejects the name "default", which is the default network', () => {
    expect(() => validateNetwork('default', {})).toThrow(invalid('name'))
  })
})

it('validateConnection and validateDisconnection reject bad ids, aliases, addresses and flags', () => {
  validateConnection('default', 'web', { aliases: ['a', 'b'] })
  validateConnection('inside', 'web', { ipAddress: 'fd00::5' })
  const bad: readonly (readonly [string, ConnectContainerOptions])[] = [
    ['aliases[1]', { aliases: ['a', 'a'] }],
    ['aliases[0]', { aliases: ['a b'] }],
    ['ipAddress', { ipAddress: '10.1' }],
  ]
  for (const [field, options] of bad) expect(() => validateConnection('n', 'web', options)).toThrow(invalid(field))
  expect(() => validateConnection('default', 'web', { ipAddress: '10.1.1.1' })).toThrow(invalid('ipAddress'))
  expect(() => validateConnection('-n', 'web', {})).toThrow(invalid('networkId'))
  expect(() => validateConnection('n', 'a/b', {})).toThrow(invalid('containerId'))
  expect(() => validateDisconnection('n', 'web', { force: 1 as unknown as boolean })).toThrow(invalid('force'))
})
