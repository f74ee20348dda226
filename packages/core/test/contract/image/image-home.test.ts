import { describe, expect, it } from 'vitest'
import { toImageHome } from '../../../src/plugin.js'

describe('toImageHome', () => {
  it('is HOME, unchanged, if it is set', () => {
    expect(toImageHome({ env: { HOME: '/opt/../home' }, user: 'node' })).toBe('/opt/../home')
  })

  it('ignores an empty HOME', () => {
    expect(toImageHome({ env: { HOME: '' }, user: 'node' })).toBe('/home/node')
  })

  it.each([
    ['', '/root'],
    ['root', '/root'],
    ['0', '/root'],
    ['root:root', '/root'],
    ['1000:1000', '/root'],
    ['node:node', '/home/node'],
    ['_apt', '/home/_apt'],
    ['a.b-c', '/home/a.b-c'],
    ['../etc', '/root'],
    ['user/bin', '/root'],
    ['a\0b', '/root'],
    ['a b', '/root'],
    ['a@b', '/root'],
    ['-a', '/root'],
    ['.a', '/root'],
    ['a'.repeat(32), `/home/${'a'.repeat(32)}`],
    ['a'.repeat(33), '/root'],
    ['node\n', '/root'],
  ])('of user %j is %s', (user, home) => {
    expect(toImageHome({ env: {}, user })).toBe(home)
  })
})
