import { describe, expect, test } from 'vitest'
import { toPortBindings, toPortMap } from '../../src/containers/port-settings.js'

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

describe('ports as they are published', () => {
  test('what is exposed and not published is left out', () => {
    expect(toPortBindings(published).map(({ containerPort, protocol }) => [containerPort, protocol])).toEqual([
      [53, 'udp'],
      [53, 'tcp'],
      [53, 'tcp'],
    ])
    expect(toPortBindings(null)).toEqual([])
  })

  test('one host port a container port: TCP before UDP, IPv4 before IPv6, which may have another', () => {
    expect([...toPortMap(toPortBindings(published))]).toEqual([[53, 49_153]])
  })
})
