// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is what a Dockerfile looks like
import { expect, it } from 'vitest'
import { expandVariables } from '../../src/build/expand-variables.js'

const variables = new Map([
  ['A', '1'],
  ['EMPTY', ''],
])

it.each([
  ['$A ${A}x $B', '1 1x '],
  ['\\$A', '$A'],
  ['${B:-$A} ${EMPTY:-d} ${A:-d}', '1 d 1'],
  ['${A:+yes}${B:+no}', 'yes'],
  ['100$', '100$'],
])('expands %s', (text, expected) => {
  expect(expandVariables(text, variables)).toBe(expected)
})
