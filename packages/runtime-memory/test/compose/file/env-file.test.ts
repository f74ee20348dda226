// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts have variables of Compose
import { describe, expect, it } from 'vitest'
import { parseEnvFile } from '../../../src/compose/file/env-file.js'

describe('parseEnvFile', () => {
  it('parses quotes, comments, several lines, variables and names without a value', () => {
    const text = [
      '\uFEFF# a comment',
      '',
      'PLAIN = one two # a comment',
      'HASH=a#b',
      "SINGLE='$PLAIN # kept' # a comment",
      'DOUBLE="a\\tb ${PLAIN}-$OUTER"',
      'LINES="one',
      'two"',
      'export EXPORTED=yes',
      'COLON: value',
      'EMPTY=',
      'OUTER',
      'UNSET',
      'LAST=$HASH',
    ]
    expect(parseEnvFile(text.join('\r\n'), { OUTER: 'outer' })).toEqual({
      PLAIN: 'one two',
      HASH: 'a#b',
      SINGLE: '$PLAIN # kept',
      DOUBLE: 'a\tb one two-outer',
      LINES: 'one\ntwo',
      EXPORTED: 'yes',
      COLON: 'value',
      EMPTY: '',
      OUTER: 'outer',
      LAST: 'a#b',
    })
  })

  it.each([
    ['A=1\nnot valid\n', 2],
    ['A=1\n\nB=${C:?no}', 3],
    ['A="open', 1],
    ['=1', 1],
  ])('rejects %j and names line %d', (text, line) => {
    expect(() => parseEnvFile(text, {})).toThrow(expect.objectContaining({ line }))
  })
})
