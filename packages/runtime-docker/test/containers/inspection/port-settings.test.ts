import { describe, expect, test } from 'vitest'
import { toHostPorts, toPortBindings } from '../../../src/containers/inspection/port-settings.js'

const published = {
  '53/udp': [{ HostIp: '0.0.0.0', HostPort: '40000' }],
  '53/tcp': [
    { HostIp: '::', HostPort: '49154' },
    { HostIp: '0.0.0.0', HostPort: '49153' },
  ],
  '80/tcp': null,
  '81/tcp': [],
  '90/sctp': [{ HostIp: '0.0.0.0', HostPort: '1' }],
}

describe('published ports', () => {
  test('do not include ports that are only exposed', () => {
    expect(toPortBindings(published).map(({ containerPort, protocol }) => [containerPort, protocol])).toEqual([
      [53, 'udp'],
      [53, 'tcp'],
      [53, 'tcp'],
    ])
    expect(toPortBindings(null)).toEqual([])
  })

  test('have the address of all IPv4 addresses where the engine reports none', () => {
    const [binding] = toPortBindings({ '80/tcp': [{ HostIp: '', HostPort: '40001' }] })
    expect(binding?.hostAddress).toBe('0.0.0.0')
  })

  test('have one host port per container port, TCP before UDP and IPv4 before IPv6', () => {
    expect([...toHostPorts(toPortBindings(published))]).toEqual([[53, 49_153]])
  })
})
