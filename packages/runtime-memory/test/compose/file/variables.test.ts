// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts have variables of Compose
import { describe, expect, it } from 'vitest'
import { replaceVariables } from '../../../src/compose/file/variables.js'

const env = { SET: 'x', EMPTY: '', INNER: 'in' }

describe('replaceVariables', () => {
  it.each([
    ['$SET and ${SET}', 'x and x'],
    ['$SET-$EMPTY-$NONE-', 'x---'],
    ['$$SET', '$SET'],
    ['${EMPTY-d} ${NONE-d} ${SET-d}', ' d x'],
    ['${EMPTY:-d} ${NONE:-d} ${SET:-d}', 'd d x'],
    ['${EMPTY+r} ${NONE+r} ${SET+r}', 'r  r'],
    ['${EMPTY:+r} ${NONE:+r} ${SET:+r}', '  r'],
    ['${NONE:-${INNER:-no}-$SET}!', 'in-x!'],
    ['${SET:?no} ${EMPTY?no}', 'x '],
    ['$toString.', '.'],
    ['a}b', 'a}b'],
  ])('replaces %j by %j', (text, expected) => expect(replaceVariables(text, env)).toBe(expected))

  it.each([
    ['${NONE:?set it}', 'the required variable NONE, which has no value: set it'],
    ['${EMPTY:?}', 'the required variable EMPTY, which has no value'],
    ['${SET', 'a variable without its closing "}"'],
    ['${SET:-x', 'a variable without its closing "}"'],
    ['${}', 'a "${" without the name of a variable'],
    ['${SET!x}', 'an invalid character after "${SET"'],
    ['cost: 5$ ', 'a "$" that begins no variable'],
  ])('rejects %j', (text, expected) => expect(() => replaceVariables(text, env)).toThrow(expected))
})
