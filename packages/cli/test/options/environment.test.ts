import { describe, expect, it } from 'vitest'
import { parseEnvFile, parseVariables } from '../../src/options/environment.js'

const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' })

describe('parseVariables', () => {
  const env = { HOME: '/root', EMPTY: '' }

  it('reads a name without = from the environment, and unsets it if it is not set there', () => {
    expect(parseVariables(['HOME', 'EMPTY', 'GONE', 'toString', 'A=b=c', 'A2='], { option: '--env', env })).toEqual({
      HOME: '/root',
      EMPTY: '',
      GONE: null,
      toString: null,
      A: 'b=c',
      A2: '',
    })
  })

  it('keeps the last value of a name', () => {
    expect(parseVariables(['A=1', 'A', 'B', 'B=2'], { option: '--env', env })).toEqual({ A: null, B: '2' })
  })

  it.each(['', '=1'])('rejects %j', (text) => {
    expect(() => parseVariables([text], { option: '--env', env })).toThrow(invalid)
  })
})

describe('parseEnvFile', () => {
  it('skips comments and blank lines and keeps quotes, as docker does', () => {
    const text = '\uFEFF# first\nA=1\r\n\n  B="two words"\nC=3 # no comment\n'
    expect(parseEnvFile(Buffer.from(text), 'f')).toEqual(['A=1', 'B="two words"', 'C=3 # no comment'])
  })

  it.each([
    ['a byte that is not UTF-8', Buffer.from('A=1\nCITY=K\xf6ln\nB=2\n', 'latin1'), /^f, line 2: not UTF-8/],
    ['UTF-16', Buffer.from('\uFEFFA=1\n', 'utf16le'), /^f, line 1: not UTF-8/],
    ['a character cut off at the end', Buffer.from('A=1\nB=ö').subarray(0, -1), /^f, line 2: not UTF-8/],
    ['a surrogate', Buffer.from([0x41, 0x3d, 0xed, 0xa0, 0x80]), /^f, line 1: not UTF-8/],
    ['no name', Buffer.from('# first\n\n =x\n'), /^f, line 3: no name/],
    [
      'white space in a name',
      Buffer.from('A=1\r\nexport B=secret\r\n'),
      /^f, line 2: white space in the name "export B"$/,
    ],
  ])('rejects a file with %s, naming file and line', (_, bytes, message) => {
    expect(() => parseEnvFile(bytes, 'f')).toThrow(message)
  })

  it('reads UTF-8 with and without a byte order mark', () => {
    for (const mark of ['', '\uFEFF']) {
      const lines = parseEnvFile(Buffer.from(`${mark}CITY=Köln 🚀\r\nB= kept \n`), 'f')
      expect(lines).toEqual(['CITY=Köln 🚀', 'B= kept '])
    }
  })
})
