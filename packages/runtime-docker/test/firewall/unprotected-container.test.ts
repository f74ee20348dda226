import { describe, expect, test } from 'vitest'
import { rejectUnprotected } from '../../src/firewall/rules/unprotected-container.js'

const ociRuntimes = {
  runc: 'runc',
  second: '/var/lib/engine/runc-without-withheld',
  'io.containerd.runc.v2': 'runc',
  runsc: '/usr/local/bin/runsc',
  kata: 'io.containerd.kata.v2',
}

function check(HostConfig: object, defaultOciRuntime = 'runc'): void {
  rejectUnprotected({ Id: 'c', HostConfig }, { ociRuntimes, defaultOciRuntime }, 'unchanged')
}

describe('rejectUnprotected', () => {
  test.each(['runc', 'second', 'io.containerd.runc.v2', 'oci', ''])('accepts the OCI runtime "%s"', (Runtime) => {
    expect(() => check({ Runtime })).not.toThrow()
  })

  test.each(['runsc', 'kata'])('rejects the OCI runtime %s, which has a network stack of its own', (Runtime) => {
    const failure = expect.objectContaining({ code: 'FIREWALL_FAILED' })
    expect(() => check({ Runtime })).toThrow(failure)
    expect(() => check({}, Runtime)).toThrow(failure)
    expect(() => check({ Runtime, NetworkMode: 'none' })).not.toThrow()
  })

  test('accepts a container of an engine that reports no OCI runtimes', () => {
    expect(() =>
      rejectUnprotected({ Id: 'c' }, { ociRuntimes: {}, defaultOciRuntime: undefined }, 'unchanged'),
    ).not.toThrow()
  })
})
