import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { findRemoteHost, toPortHost } from '../../src/endpoint/engine-host.js'
import type { EndpointAddress } from '../../src/engine/docker-endpoint.js'
import { linux } from './systems.js'

const same = { Name: linux.hostname, KernelVersion: linux.kernel }
const other = { Name: 'other', KernelVersion: linux.kernel }
const ownAddress = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.internal === false && one.family === 'IPv4')?.address

function tcp(host: string): EndpointAddress {
  return { type: 'tcp', host, port: 2376, tls: undefined }
}

function ssh(host: string): EndpointAddress {
  return { type: 'service', step: 'ssh', start: () => Promise.reject(), findHost: async () => host }
}

const find = (address: EndpointAddress, info: typeof same) =>
  findRemoteHost({ url: 'x', address }, { info, system: linux })

describe('the remote host of an endpoint', () => {
  test.each([
    ['a socket', { type: 'socket', path: '/run/docker.sock' } as const, other, undefined],
    ['a service on this machine', { type: 'service', start: () => Promise.reject() } as const, other, undefined],
    ['a loopback address', tcp('127.0.0.1'), other, undefined],
    ['localhost', tcp('localhost'), other, undefined],
    ['a loopback address over ssh', ssh('::1'), other, undefined],
    ['another machine', tcp('192.0.2.7'), other, '192.0.2.7'],
    ['another machine over ssh', ssh('build.example'), other, 'build.example'],
    ['another machine with the names of this one', tcp('192.0.2.7'), same, '192.0.2.7'],
    [
      'a name without an address, with the names of this one',
      ssh('no-such-host.invalid'),
      same,
      'no-such-host.invalid',
    ],
  ])('is found for %s', async (_, address, info, expected) => {
    expect(await find(address, info)).toBe(expected)
  })

  test.skipIf(ownAddress === undefined)('is undefined for an address of this machine with its names', async () => {
    expect(await find(tcp(ownAddress ?? ''), same)).toBeUndefined()
    // A container with a network of its own may have that address.
    expect(await find(tcp(ownAddress ?? ''), other)).toBe(ownAddress)
  })

  test('rejects with the reason of an abort', async () => {
    const signal = AbortSignal.abort('stop')
    const asked = findRemoteHost({ url: 'x', address: ssh('build.example') }, { info: same, system: linux, signal })
    await expect(asked).rejects.toBe('stop')
  })
})

describe('the host of published ports', () => {
  test.each([
    ['an engine on this machine', { location: 'this-machine', remoteHost: undefined } as const, false, '127.0.0.1'],
    ['a virtual machine', { location: 'virtual-machine', remoteHost: undefined } as const, false, '127.0.0.1'],
    ['another machine', { location: 'elsewhere', remoteHost: 'build' } as const, false, 'build'],
    ['another machine, in a container', { location: 'elsewhere', remoteHost: 'build' } as const, true, 'build'],
    [
      'a socket of an engine with other names',
      { location: 'elsewhere', remoteHost: undefined } as const,
      false,
      '127.0.0.1',
    ],
    ['the same in a container', { location: 'elsewhere', remoteHost: undefined } as const, true, undefined],
  ])('is that of %s', (_, facts, isContainer, expected) => {
    expect(toPortHost(facts, { isContainer })).toBe(expected)
  })
})
