import { describe, expect, it } from 'vitest'
import { parseNetworks } from '../../src/networks/parse-networks.js'

const toBytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

describe('parseNetworks', () => {
  it('reads the output of 1.x', () => {
    const configuration = { name: 'inside', mode: 'hostOnly', labels: { a: 'b' } }
    const printed = {
      id: 'inside',
      configuration,
      status: { ipv4Subnet: '192.168.65.0/24', ipv4Gateway: '192.168.65.1' },
    }
    expect(parseNetworks('list', toBytes([printed]))).toEqual([
      {
        id: 'inside',
        name: 'inside',
        internal: true,
        labels: { a: 'b' },
        gateway: '192.168.65.1',
        subnets: [{ cidr: '192.168.65.0/24', gateway: '192.168.65.1' }],
      },
    ])
  })

  it('reads the output of 0.3 to 0.12', () => {
    const printed = {
      id: 'default',
      state: 'running',
      config: { id: 'default', mode: 'nat' },
      status: { gateway: '192.168.64.1/24' },
    }
    expect(parseNetworks('list', toBytes([printed]))).toEqual([
      { id: 'default', name: 'default', internal: false, labels: {}, gateway: '192.168.64.1', subnets: [] },
    ])
  })
})
