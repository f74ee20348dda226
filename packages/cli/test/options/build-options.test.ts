import { describe, expect, it } from 'vitest'
import { isRemote, parseCache, parseNamedContext, parseSecret, parseSsh } from '../../src/options/build-options.js'

describe('--secret', () => {
  it.each([
    ['id=a,src=b c.txt', { id: 'a', file: 'b c.txt' }],
    ['id=a,source=b', { id: 'a', file: 'b' }],
    ['type=file,id=a,src=b', { id: 'a', file: 'b' }],
    ['id=a,env=B', { id: 'a', env: 'B' }],
    ['id=TOKEN', { id: 'TOKEN', env: 'TOKEN' }],
  ])('reads %s', (text, secret) => expect(parseSecret(text)).toEqual(secret))

  it.each(['', 'src=b', 'id=a,src=b,env=C', 'id=a,mode=1', 'id=a,type=x'])('rejects %j', (text) => {
    const facts = { field: '--secret', given: JSON.stringify(text) }
    expect(() => parseSecret(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining(facts) }),
    )
  })
})

describe('--ssh', () => {
  it.each([
    ['default', { id: 'default', path: undefined }],
    ['default=/run/agent', { id: 'default', path: '/run/agent' }],
    ['deploy=a=b', { id: 'deploy', path: 'a=b' }],
  ])('reads %s', (text, ssh) => expect(parseSsh(text)).toEqual(ssh))

  it.each(['', '=a', 'default=', 'a b'])('rejects %j', (text) => expect(() => parseSsh(text)).toThrow(/--ssh must be/))
})

describe('--build-context', () => {
  it.each([
    ['lib=../lib', { name: 'lib', directory: '../lib' }],
    ['base=docker-image://busybox:1', { name: 'base', url: 'docker-image://busybox:1' }],
    ['src=https://example.com/src.git#v1', { name: 'src', url: 'https://example.com/src.git#v1' }],
    ['src=git@example.com:a/b.git', { name: 'src', url: 'git@example.com:a/b.git' }],
    ['dir=odd:name', { name: 'dir', directory: 'odd:name' }],
  ])('reads %s', (text, context) => expect(parseNamedContext(text)).toEqual(context))

  it.each(['', 'a', 'a=', '=a', 'a=oci-layout://dir'])('rejects %j', (text) => {
    expect(() => parseNamedContext(text)).toThrow(/--build-context must be/)
  })
})

describe('a context that BuildKit fetches', () => {
  it.each([
    ...['https://a/b.git', 'http://a/b.tar.gz', 'git://a/b', 'ssh://git@a/b', 'github.com/a/b'],
    ...['git@github.com:a/b.git#v1:dir'],
  ])('is %s', (text) => expect(isRemote(text)).toBe(true))

  it.each(['.', 'a/b', '/a', 'C:/a', 'github.com', '../git@a'])('is not %s', (text) => {
    expect(isRemote(text)).toBe(false)
  })
})

describe('--cache-from and --cache-to', () => {
  it.each([
    ['registry.example/app:cache', { type: 'registry', ref: 'registry.example/app:cache' }],
    ['type=registry,ref=a/b,src=c', { type: 'registry', ref: 'a/b', src: 'c' }],
    ['type=local,src=a', { type: 'local', src: '/work/a' }],
    ['type=local,mode=max,dest=../a=b,tag=c', { type: 'local', mode: 'max', dest: '/a=b', tag: 'c' }],
    ['type=local,"dest=a,b"', { type: 'local', dest: '/work/a,b' }],
    ['type=local,dest=/a', { type: 'local', dest: '/a' }],
    ['type=local,dest=', { type: 'local', dest: '' }],
  ])('read %j', (text, cache) => {
    expect(parseCache(text, { option: '--cache-to', cwd: '/work' })).toEqual(cache)
  })

  it.each(['', 'ref=a,token=hunter22'])('reject %j, and do not show it', (text) => {
    const parse = () => parseCache(text, { option: '--cache-to', cwd: '/work' })
    expect(parse).toThrow('--cache-to must be REFERENCE or type=TYPE with fields, not a text without a type')
  })
})
