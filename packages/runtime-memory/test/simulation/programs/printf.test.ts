import { expect, it } from 'vitest'
import { formatPrintf } from '../../../src/simulation/programs/printf.js'

it.each([
  ['%s-%d\\n', ['a', '1', 'b', '2'], 'a-1\nb-2\n'],
  ['100%%', [], '100%'],
  ['\\t\\\\\\101', [], '\t\\A'],
  ['plain', ['unused'], 'plain'],
  ['%s', [], ''],
])('prints %j with %j', (format, values, expected) => {
  expect(Buffer.from(formatPrintf(format, values)).toString()).toBe(expected)
})

it('prints any byte', () => {
  expect([...formatPrintf('\\377\\000', [])]).toEqual([255, 0])
})
