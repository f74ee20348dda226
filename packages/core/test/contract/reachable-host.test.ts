import { describe, expect, it } from 'vitest'
import { toReachableHost } from '../../src/index.js'

describe('toReachableHost', () => {
  it.each([
    ['0.0.0.0', '127.0.0.1', '127.0.0.1'],
    ['::', '127.0.0.1', '::1'],
    ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
    ['::1', '127.0.0.1', '::1'],
    ['192.0.2.7', '127.0.0.1', '192.0.2.7'],
    ['0.0.0.0', 'build.example', 'build.example'],
    ['::', 'build.example', 'build.example'],
    ['', 'build.example', 'build.example'],
    ['192.0.2.7', 'build.example', '192.0.2.7'],
    ['127.0.0.1', 'build.example', undefined],
    ['::1', 'build.example', undefined],
    ['0.0.0.0', undefined, undefined],
    ['127.0.0.1', undefined, undefined],
    ['192.0.2.7', undefined, '192.0.2.7'],
  ])('of a port on %j, with the engine at %j, is %j', (hostAddress, portHost, expected) => {
    expect(toReachableHost({ hostAddress }, { portHost })).toBe(expected)
  })
})
