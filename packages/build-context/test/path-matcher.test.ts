import { createPathMatcher } from '@capstan/build-context'
import { expect, it } from 'vitest'

it.each([
  ['a', 'a', true],
  ['a', 'a/b', true],
  ['a', 'ab', false],
  ['*.md', 'x/y.md', false],
  ['**/*.md', 'x/y.md', true],
  ['#a', '#a', true],
  [' a ', 'a', true],
  ['a/../b', 'b', true],
])('%j matches %j: %s', (pattern, path, isMatch) => {
  expect(createPathMatcher([pattern])(path)).toBe(isMatch)
})

it('excludes what a later pattern with ! names', () => {
  const matches = createPathMatcher(['a', '!a/*.md', 'a/x.md'])
  expect(['a', 'a/b', 'a/b.md', 'a/x.md', 'c'].map(matches)).toEqual([true, true, false, true, false])
})

it('matches nothing without patterns', () => {
  expect(createPathMatcher([])('a')).toBe(false)
})

it('rejects with INVALID_ARGUMENT for a pattern that docker rejects', () => {
  expect(() => createPathMatcher(['[a'])('a')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})
