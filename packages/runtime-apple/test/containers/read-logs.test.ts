import { expect, it } from 'vitest'
import { lastLines } from '../../src/containers/read-logs.js'

it.each([
  ['a\nb\nc\n', 2, 'b\nc\n'],
  ['a\nb\nc', 2, 'b\nc'],
  ['a\n\n\n', 2, '\n\n'],
  ['a\nb\n', 9, 'a\nb\n'],
  ['a\nb\n', 0, ''],
  ['\n', 1, '\n'],
  ['', 3, ''],
])('returns for %j the last %i lines: %j', (text, count, expected) => {
  expect(Buffer.from(lastLines(Buffer.from(text), count)).toString()).toBe(expected)
})
