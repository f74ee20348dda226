import { expect, test } from 'vitest'
import { findInHosts, findNameServers } from '../src/host-files.js'

test('finds the addresses of a name in /etc/hosts, in any letter case, and not in a comment', () => {
  const text =
    '127.0.0.1\tlocalhost\n172.17.0.1 host.docker.internal Proxy # other\n# 10.0.0.1 other\nfd00::1 proxy\nx proxy\n'
  expect(findInHosts(text, 'proxy')).toEqual(['172.17.0.1', 'fd00::1'])
  expect(findInHosts(text, 'proxy.')).toEqual(['172.17.0.1', 'fd00::1'])
  expect(findInHosts(text, 'other')).toEqual([])
})

test('finds the name servers that the resolver of the engine asks, without those on the loopback interface', () => {
  expect(findNameServers('nameserver 127.0.0.11\noptions ndots:0\n')).toEqual([])
  expect(findNameServers('nameserver 10.0.0.2\nnameserver fd00::2\n#nameserver 10.0.0.3\n')).toEqual([
    '10.0.0.2',
    'fd00::2',
  ])
  const newer = 'nameserver 127.0.0.11\n# ExtServers: [10.0.0.2 host(127.0.0.53) fd00::2]\n'
  expect(findNameServers(newer)).toEqual(['10.0.0.2', 'fd00::2'])
})
