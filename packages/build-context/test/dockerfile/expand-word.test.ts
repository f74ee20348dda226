// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are Dockerfiles
import { expect, it } from 'vitest'
import { expandWord } from '../../src/dockerfile/expand-word.js'

const variables = new Map([
  ['A', '1'],
  ['EMPTY', ''],
  ['FILE', 'a.b.tar.gz'],
  ['é', 'letter'],
])

it.each([
  ['$A ${A}x $B', '1 1x '],
  ['\\$A', '$A'],
  ['${B:-$A} ${EMPTY:-d} ${EMPTY-d} ${A:-d} ${B-d}', '1 d  1 d'],
  ['${A:+yes}${B:+no}${EMPTY:+no}${EMPTY+set}', 'yesset'],
  ['${A:?no} ${EMPTY?no}', '1 '],
  ['100$', '100$'],
  ['$$A$1B$é', 'ABletter'],
  [`"$A '$A'" '$A "'`, `1 '1' $A "`],
  ['"\\$A \\" \\x" \\x', '$A " \\x x'],
  ['${B:-"a}"b}', 'a}b'],
  ["${B:-'}'}", '}'],
  ['${B:-\\}}', '}'],
  ['${FILE#*.} ${FILE##*.} ${FILE%.*} ${FILE%%.*}', 'b.tar.gz gz a.b.tar a'],
  ['${FILE#?.b} ${FILE%g?} ${FILE#x}', '.tar.gz a.b.tar. a.b.tar.gz'],
  ['${FILE/./-} ${FILE//./-} ${FILE/.*./-} ${FILE//\\*/-}', 'a-b.tar.gz a-b-tar-gz a-gz a.b.tar.gz'],
  // The escape characters of a replacement are kept.
  ['${FILE//./\\/} ${FILE/${A}/x} ${B/a/b}', 'a\\/b\\/tar\\/gz a.b.tar.gz '],
  ['${EMPTY//*/x} ${A//*/x}', 'x x'],
])('expands %s', (word, expected) => {
  expect(expandWord(word, { variables })).toBe(expected)
})

it('uses a backtick as the escape character when it is chosen', () => {
  expect(expandWord('`$A \\$A "`$A"', { variables, escapeCharacter: '`' })).toBe('$A \\1 $A')
})

it.each([
  ['${', 'a substitution has no name'],
  ['${}', 'a substitution has no name'],
  ['${:-x}', 'a substitution has no name'],
  ['${A', 'the modifier  of ${A} is unknown'],
  ['${A:=x}', 'the modifier := of ${A} is unknown'],
  ['${A:#x}', 'the modifier :# of ${A} is unknown'],
  ['${A:-x', 'the substitution has no closing }'],
  ['${A/x}', 'the substitution has no closing /'],
  ['${FILE#\\a}', 'invalid escape in the pattern \\a'],
  ['"$A', 'the quotation has no closing "'],
  ["'$A", "the quotation has no closing '"],
  ['${B:?}', 'B: is not allowed to be unset'],
  ['${EMPTY:?}', 'EMPTY: is not allowed to be empty'],
  ['${B?say $A}', 'B: say 1'],
])('throws for %s: %s', (word, message) => {
  expect(() => expandWord(word, { variables })).toThrow(message)
})
