import { describe, expect, it } from 'vitest'
import { readList, readObject } from '../../src/cli/json-reader.js'

const toIds = (text: string) => readList('list', Buffer.from(text)).map((entry) => entry.text('id'))
const protocolError = expect.objectContaining({ code: 'PROTOCOL_ERROR' })

describe('readList', () => {
  it('skips warnings, also those that begin with a bracket', () => {
    expect(toIds('[warning] old server\n[{"id":"a"},{"id":"b"}]\n')).toEqual(['a', 'b'])
  })

  it('reads escaped slashes', () => {
    expect(toIds('[{"id":"docker.io\\/library"}]')).toEqual(['docker.io/library'])
  })

  it.each(['', 'no JSON', '[1,', '[1]', '{}'])('rejects %j', (text) => {
    expect(() => toIds(text)).toThrow(protocolError)
  })
})

it.each(['', '[]', 'null'])('readObject rejects %j', (text) => {
  expect(() => readObject('status', Buffer.from(text))).toThrow(protocolError)
})
