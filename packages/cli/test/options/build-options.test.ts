import { describe, expect, it } from 'vitest'
import { parseBuildOutput, parseSecret } from '../../src/options/build-options.js'

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

describe('--output', () => {
  it.each([
    ['load', { type: 'load' }],
    ['push', { type: 'push' }],
    ['cache-only', { type: 'cache-only' }],
    ['type=oci,dest=a.tar', { type: 'archive', format: 'oci', file: 'a.tar' }],
    ['dest=a,type=files', { type: 'archive', format: 'files', file: 'a' }],
  ])('reads %s', (text, output) => expect(parseBuildOutput(text)).toEqual(output))

  it.each(['', 'disk', 'type=oci', 'type=registry,dest=a', 'type=oci,dest=a,push=true'])('rejects %j', (text) => {
    expect(() => parseBuildOutput(text)).toThrow(/--output must be/)
  })
})
