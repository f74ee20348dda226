import { expect, it, vi } from 'vitest'
import { TerminalEof } from '../../../src/plugin.js'

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
] as const)('sends the end of the input after %s', (_, texts, count) => {
  const end = new TerminalEof()
  for (const text of texts) end.note(Buffer.from(text))
  expect([...end.bytes]).toEqual(Array(count).fill(4))
})

it('repeats the end with increasing delays until it is stopped', () => {
  vi.useFakeTimers()
  try {
    const end = new TerminalEof()
    const sent: number[][] = []
    end.note(Buffer.from('abc'))
    const stop = end.sendTo((bytes) => sent.push([...bytes]))
    expect(sent).toEqual([[4, 4]])
    vi.advanceTimersByTime(1_400)
    expect(sent).toEqual([[4, 4], [4], [4], [4]])
    stop()
    vi.advanceTimersByTime(1_000_000)
    expect(sent).toHaveLength(4)
  } finally {
    vi.useRealTimers()
  }
})
