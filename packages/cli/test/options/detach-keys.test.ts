import { describe, expect, it } from 'vitest'
import { parseDetachKeys } from '../../src/options/detach-keys.js'

describe('parseDetachKeys', () => {
  it.each([
    [undefined, [16, 17]],
    ['', []],
    ['ctrl-a,d', [1, 100]],
    ['CTRL-Z', [26]],
    ['ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_', [0, 27, 28, 29, 30, 31]],
    ['a,A,~', [97, 65, 126]],
  ])('parses %s', (text, bytes) => {
    expect([...parseDetachKeys(text)]).toEqual(bytes)
  })

  it.each(['ctrl-', 'ctrl-1', 'ab', 'a,', ' ', 'alt-x'])('rejects "%s"', (text) => {
    expect(() => parseDetachKeys(text)).toThrow(`--detach-keys must be keys such as "ctrl-p,ctrl-q" or "ctrl-a,d"`)
  })
})
