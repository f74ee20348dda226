import { describe, expect, it, test } from 'vitest'
import { parseDockerfile } from '../../src/dockerfile/parse-dockerfile.js'

const keywords = (text: string) => parseDockerfile(text).instructions.map(({ keyword, line }) => [line, keyword])

describe('directives', () => {
  it.each([
    ['# syntax=docker/dockerfile:1', { syntax: 'docker/dockerfile:1' }],
    ['#syntax = a/b cmdline\r', { syntax: 'a/b' }],
    ['\uFEFF#  Escape  =  `\n# SYNTAX=x\n# check=skip=all', { escapeCharacter: '`', syntax: 'x', check: 'skip=all' }],
    ['# a comment\n# escape=`', { escapeCharacter: '\\', syntax: undefined }],
    ['\n# escape=`', { escapeCharacter: '\\' }],
    ['# other=1\n# escape=`', { escapeCharacter: '\\' }],
    ['FROM a\n# escape=`', { escapeCharacter: '\\' }],
  ])('reads %j', (text, expected) => {
    expect(parseDockerfile(`${text}\nFROM a`)).toMatchObject(expected)
  })

  it.each([
    ['# escape=`\n# escape=`', 'the directive "escape" is given twice'],
    ['# escape=x', 'the escape character must be \\ or `, not x'],
  ])('throws for %j', (text, message) => {
    expect(() => parseDockerfile(text)).toThrow(message)
  })
})

test.each<[string, readonly (readonly [number, string])[]]>([
  [
    '# c\n\nFROM a\n  RUN x \\\n  # c\n\n  y\nCMD z',
    [
      [3, 'FROM'],
      [4, 'RUN'],
      [8, 'CMD'],
    ],
  ],
  [
    'FROM a\nRUN x \\\\\nCMD y',
    [
      [1, 'FROM'],
      [2, 'RUN'],
      [3, 'CMD'],
    ],
  ],
  [
    'FROM a\nRUN x \\ \t\ny',
    [
      [1, 'FROM'],
      [2, 'RUN'],
    ],
  ],
  [
    'FROM a\nRUN x \\',
    [
      [1, 'FROM'],
      [2, 'RUN'],
    ],
  ],
])('returns the instructions of %j with their lines', (text, expected) => {
  expect(keywords(text)).toEqual(expected)
})

test('separates flags from arguments, and removes their quotes and escape characters', () => {
  const [, copy] = parseDockerfile('FROM a\ncopy --from="b c" --ch\\own=1 -- --x "y z" ').instructions
  expect(copy).toMatchObject({ keyword: 'COPY', flags: ['--from=b c', '--chown=1'], text: '--x "y z"' })
})

test('returns heredocs with unchanged lines', () => {
  const text = 'FROM a\nRUN <<-"END" cat <<B\n\tone $x\r\n\tEND\ntwo\nB\nCOPY <<\\\nX /x\n1\nX\nCMD y'
  const { instructions } = parseDockerfile(text)
  expect(instructions.map(({ heredocs }) => heredocs)).toEqual([
    [],
    [
      { name: 'END', stripsTabs: true, expands: false, content: '\tone $x\r\n' },
      { name: 'B', stripsTabs: false, expands: true, content: 'two\n' },
    ],
    [{ name: 'X', stripsTabs: false, expands: true, content: '1\n' }],
    [],
  ])
})

test('throws for a heredoc without an end, with the line of its instruction', () => {
  expect(() => parseDockerfile('FROM a\nRUN <<EOF\nx')).toThrow(expect.objectContaining({ line: 2 }))
})

test.each(['LABEL a=<<X', 'RUN ["<<X"]', 'RUN cat <<<X', "RUN cat '<<X'", 'RUN cat \\<<X', 'ONBUILD CMD <<X'])(
  'finds no heredoc in %s',
  (line) => {
    expect(parseDockerfile(`FROM a\n${line}`).instructions[1]?.heredocs).toEqual([])
  },
)
