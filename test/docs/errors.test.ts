import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { root } from './documents.js'

it('docs/errors.md lists every error code and no other', () => {
  const facts = readFileSync(`${root}packages/core/src/errors/host-error-facts.ts`, 'utf8')
  const codes = [...facts.matchAll(/^ {2}([A-Z_]+): \{/gm)].map(([, code]) => code)
  const names = readFileSync(`${root}docs/errors.md`, 'utf8').match(/\b[A-Z]+(?:_[A-Z]+)+\b/g) ?? []
  const listed = names.filter((name) => !name.startsWith('CAPSTAN_')) // variables of the environment
  expect(codes.length).toBeGreaterThan(20)
  expect([...new Set(listed)].sort()).toEqual([...codes].sort())
})
