import { describe, expect, it } from 'vitest'
import { parseStat } from '../../src/files/stat-path.js'

describe('parseStat', () => {
  it('reads kind, mode, size and time', () => {
    const modifiedAt = new Date(1_000_000_000_000)
    const parse = (text: string) => parseStat('statPath', text)
    expect(parse('89e8 7 1000000000\n')).toEqual({ type: 'file', mode: 0o4750, sizeBytes: 7, modifiedAt })
    expect(parse('43ff 40 1000000000\n')).toMatchObject({ type: 'directory', mode: 0o1777 })
    expect(parse('a1ff 4 1000000000\n/a/b/../c\nd\n')).toMatchObject({ type: 'symlink', linkTarget: '/a/c\nd' })
    expect(parse('11a4 0 -1\n')).toMatchObject({ type: 'other', modifiedAt: new Date(-1000) })
  })

  it.each(['', '81a4 7\n', '81a4 7 1', 'a1ff 4 1\nrelative\n'])('rejects %j with PROTOCOL_ERROR', (text) => {
    expect(() => parseStat('statPath', text)).toThrow(expect.objectContaining({ code: 'PROTOCOL_ERROR' }))
  })
})
