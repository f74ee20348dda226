import { expect, test } from 'vitest'
import { findInHosts, findNameServers } from '../../src/firewall/host-files.js'
import { parseLookup } from '../../src/firewall/resolve-host.js'

test('finds a name in an /etc/hosts, whatever its case, and not in a comment', () => {
  const text =
    '127.0.0.1\tlocalhost\n172.17.0.1 host.docker.internal Proxy # other\n# 10.0.0.1 other\nfd00::1 proxy\nx proxy\n'
  expect(findInHosts(text, 'proxy')).toEqual(['172.17.0.1', 'fd00::1'])
  expect(findInHosts(text, 'proxy.')).toEqual(['172.17.0.1', 'fd00::1'])
  expect(findInHosts(text, 'other')).toEqual([])
})

test("finds whom the engine's resolver asks, and leaves out what stays in the machine", () => {
  expect(findNameServers('nameserver 127.0.0.11\noptions ndots:0\n')).toEqual([])
  expect(findNameServers('nameserver 10.0.0.2\nnameserver fd00::2\n#nameserver 10.0.0.3\n')).toEqual([
    '10.0.0.2',
    'fd00::2',
  ])
  const newer = 'nameserver 127.0.0.11\n# ExtServers: [10.0.0.2 host(127.0.0.53) fd00::2]\n'
  expect(findNameServers(newer)).toEqual(['10.0.0.2', 'fd00::2'])
})

test('reads addresses from getent and from nslookup, not that of the server', () => {
  expect(parseLookup('192.168.65.254  STREAM host\r\n192.168.65.254  DGRAM\r\nfd00::1 STREAM\r\n')).toEqual([
    '192.168.65.254',
    'fd00::1',
  ])
  const busybox = 'Server:\t\t127.0.0.11\nAddress:\t10.9.9.9:53\n\nName:\tproxy\nAddress: 172.18.0.2\n'
  expect(parseLookup(busybox)).toEqual(['172.18.0.2'])
  expect(
    parseLookup('Server: 10.0.0.2\nAddress 1: 10.0.0.2\n\nName: proxy\nAddress 1: 172.18.0.2 proxy.net\n'),
  ).toEqual(['172.18.0.2'])
  expect(parseLookup("** server can't find proxy: NXDOMAIN\n")).toEqual([])
})
