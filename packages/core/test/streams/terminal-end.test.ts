import { expect, it } from 'vitest'
import { TerminalEnd } from '../../src/index.js'

it.each([
  ['nothing', [], 1],
  ['a line', ['abc\n'], 1],
  ['a line that ends with a carriage return', ['abc\r'], 1],
  ['part of a line', ['abc'], 2],
  ['a line in pieces', ['ab', 'c\n'], 1],
  ['a line and a part of one in pieces', ['abc\n', 'd'], 2],
  ['a line that was cleared', ['abc\u0015'], 1],
  ['an end that was typed', ['abc\u0004'], 1],
  ['a character that quotes the next one', ['abc\u0016'], 3],
  ['a quoted quote', ['abc\u0016', '\u0016'], 2],
  ['a quoted line end', ['abc\u0016\n'], 2],
] as const)('types the end %s asks for', (_, texts, count) => {
  const end = new TerminalEnd()
  for (const text of texts) end.note(Buffer.from(text))
  expect([...end.bytes]).toEqual(Array(count).fill(4))
})
