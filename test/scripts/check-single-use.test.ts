import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findSingleUses } from '../../scripts/check-single-use.mjs'

let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'capstan-single-use-'))
  const exports = { '.': { '@capstan/source': './src/index.ts' } }
  add('package.json', JSON.stringify({ name: '@capstan/core', exports }))
  add('src/index.ts', "export { a } from './a.js'")
  add('src/a.ts', "import { b } from './b.js'\nexport const a = b")
})

afterEach(() => rmSync(root, { recursive: true }))

test('reports a short file with one importer', () => {
  add('src/b.ts', 'export const b = 1\n')
  expect(findSingleUses(root)).toEqual([
    { path: 'packages/core/src/b.ts', text: 'has 1 line and one importer: move it into packages/core/src/a.ts' },
  ])
})

test.each([
  ['has 25 lines', () => add('src/b.ts', 'export const b = 1\n'.repeat(25))],
  ['has a second importer', () => add('src/c.ts', "import { b } from './b.js'")],
  ['has a test', () => add('test/b.test.ts', "import { b } from '../src/b.js'")],
])('accepts a file that %s', (_, prepare) => {
  add('src/b.ts', 'export const b = 1\n')
  prepare()
  expect(findSingleUses(root)).toEqual([])
})

test('accepts a file that is listed as an exception', () => {
  add('src/b.ts', 'export const b = 1\n')
  expect(findSingleUses(root, [{ path: /\/b\.ts$/, reason: 'loaded on demand' }])).toEqual([])
})

function add(path: string, text: string) {
  const file = join(root, 'packages/core', path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
