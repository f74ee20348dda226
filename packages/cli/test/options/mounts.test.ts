import { describe, expect, it } from 'vitest'
import { parseTmpfs, parseVolume } from '../../src/options/mounts.js'

describe('parseVolume', () => {
  it.each([
    ['/data:/data', { type: 'bind', source: '/data', target: '/data', readOnly: false }],
    ['./src:/src:ro', { type: 'bind', source: '/home/me/src', target: '/src', readOnly: true }],
    ['src/lib:/lib', { type: 'bind', source: '/home/me/src/lib', target: '/lib', readOnly: false }],
    ['..:/up', { type: 'bind', source: '/home', target: '/up', readOnly: false }],
    ['.:/here:rw', { type: 'bind', source: '/home/me', target: '/here', readOnly: false }],
    ['.cache:/cache', { type: 'bind', source: '/home/me/.cache', target: '/cache', readOnly: false }],
    ['cache:/cache', { type: 'volume', source: 'cache', target: '/cache', readOnly: false }],
    ['C:\\Users\\me\\src:/src', { type: 'bind', source: 'C:\\Users\\me\\src', target: '/src', readOnly: false }],
    ['c:/Users/me:/src:ro', { type: 'bind', source: 'c:/Users/me', target: '/src', readOnly: true }],
    ['D:\\:/d', { type: 'bind', source: 'D:\\', target: '/d', readOnly: false }],
    ['\\\\.\\pipe\\a:/pipe', { type: 'bind', source: '\\\\.\\pipe\\a', target: '/pipe', readOnly: false }],
    ['/a:/b:z', { type: 'bind', source: '/a', target: '/b', readOnly: false, relabel: 'shared' }],
    ['/a:/b:ro,Z', { type: 'bind', source: '/a', target: '/b', readOnly: true, relabel: 'private' }],
    ['./a:/a:ro,cached', { type: 'bind', source: '/home/me/a', target: '/a', readOnly: true }],
  ])('reads %s', (text, mount) => {
    expect(parseVolume(text, '/home/me')).toEqual(mount)
  })

  it('resolves a relative Windows path against the working directory', () => {
    expect(parseVolume('.\\src:/src', 'C:\\work')).toMatchObject({ source: 'C:\\work\\src' })
    expect(parseVolume('src/lib:/src:ro', 'C:\\work')).toMatchObject({ source: 'C:\\work\\src\\lib', readOnly: true })
  })

  it.each(['C:\\src', 'c:/src', 'C:', '/data', '', ':/data', '/a:/b:ro:x', '/a:/b:z,Z', 'cache:/b:z', '/a:/b:nocopy'])(
    'rejects %j instead of ignoring a part',
    (text) => {
      expect(() => parseVolume(text, '/home/me')).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field: '--volume' }) }),
      )
    },
  )
})

describe('parseTmpfs', () => {
  it.each([
    ['/run', { type: 'tmpfs', target: '/run' }],
    [
      '/run:size=64m,mode=1777,exec',
      { type: 'tmpfs', target: '/run', sizeBytes: 67_108_864, mode: 0o1777, executable: true },
    ],
    ['/run:rw,noexec', { type: 'tmpfs', target: '/run' }],
  ])('reads %s', (text, mount) => {
    expect(parseTmpfs(text)).toEqual(mount)
  })

  it('names a size of --tmpfs that cannot be parsed', () => {
    expect(() => parseTmpfs('/run:size=much')).toThrow('--tmpfs size must be a size such as 512m or 2g, not "much"')
  })

  it.each(['/run:size=much', '/run:mode=9', '/run:ro', '/run:uid=1'])('rejects %s', (text) => {
    expect(() => parseTmpfs(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
