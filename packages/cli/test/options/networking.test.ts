import { describe, expect, it } from 'vitest'
import { parseExtraHost, parseNetwork, parsePort } from '../../src/options/networking.js'

const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' })

describe('parsePort', () => {
  it.each([
    ['80', { containerPort: 80, hostAddress: 'any', protocol: 'tcp' }],
    ['8080:80', { containerPort: 80, hostPort: 8080, hostAddress: 'any', protocol: 'tcp' }],
    ['0.0.0.0:8080:80', { containerPort: 80, hostPort: 8080, hostAddress: '0.0.0.0', protocol: 'tcp' }],
    ['8080:80/UDP', { containerPort: 80, hostPort: 8080, hostAddress: 'any', protocol: 'udp' }],
    ['8080:80/udp', { containerPort: 80, hostPort: 8080, hostAddress: 'any', protocol: 'udp' }],
    ['127.0.0.1:8080:80', { containerPort: 80, hostPort: 8080, hostAddress: '127.0.0.1', protocol: 'tcp' }],
    ['127.0.0.1::80', { containerPort: 80, hostAddress: '127.0.0.1', protocol: 'tcp' }],
    ['[::1]:8080:80', { containerPort: 80, hostPort: 8080, hostAddress: '::1', protocol: 'tcp' }],
  ])('reads %s', (text, port) => {
    expect(parsePort(text)).toEqual(port)
  })

  it.each(['', '0', '65536', '0:80', '80:65536', '80/sctp', 'web:80', '1:2:3:4', '::1:80:80', '-p', '80:', ' 80'])(
    'rejects %j',
    (text) => {
      expect(() => parsePort(text)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field: '--publish' }) }),
      )
    },
  )

  it('rejects a range of ports and suggests single ports', () => {
    expect(() => parsePort('8000-8010:80')).toThrow(/a single port/)
  })
})

describe('parseExtraHost', () => {
  it.each([
    ['db:10.0.0.2', ['db', '10.0.0.2']],
    ['db=10.0.0.2', ['db', '10.0.0.2']],
    ['db:::1', ['db', '::1']],
    ['db:[::1]', ['db', '::1']],
    ['db=[::1]', ['db', '::1']],
    ['db=::1', ['db', '::1']],
    ['host.docker.internal:host-gateway', ['host.docker.internal', 'host-gateway']],
  ])('reads %s', (text, entry) => {
    expect(parseExtraHost(text)).toEqual(entry)
  })

  it.each(['db', ':1.2.3.4', 'db:'])('rejects %s', (text) => {
    expect(() => parseExtraHost(text)).toThrow(invalid)
  })
})

describe('parseNetwork', () => {
  it('distinguishes modes from names', () => {
    expect(['bridge', 'none', 'host', 'container:web', 'backend'].map(parseNetwork)).toEqual([
      { mode: 'default' },
      { mode: 'none' },
      { mode: 'host' },
      { mode: 'container', id: 'web' },
      { name: 'backend' },
    ])
  })
})
