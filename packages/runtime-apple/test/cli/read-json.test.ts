import { describe, expect, it } from 'vitest'
import { readJson } from '../../src/cli/read-json.js'

const toBytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

describe('readJson', () => {
  it('skips warnings, also those that begin with a bracket', () => {
    expect(readJson('list', toBytes('[warning] old server\n[1,2]\n'))).toEqual([1, 2])
  })

  it('reads escaped slashes', () => {
    expect(readJson('list', toBytes('["docker.io\\/library"]'))).toEqual(['docker.io/library'])
  })

  it.each(['', 'no JSON', '[1,'])('rejects %j', (text) => {
    expect(() => readJson('list', toBytes(text))).toThrow(expect.objectContaining({ code: 'PROTOCOL_ERROR' }))
  })
})
