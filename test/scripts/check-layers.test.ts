import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findLayerViolations, readLayers } from '../../scripts/check-layers.mjs'

let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'capstan-layers-'))
  add('packages/core/package.json', JSON.stringify({ name: '@capstan/core' }))
  add(
    'ARCHITECTURE.md',
    ['```layers', 'core', '  top                 what it is', '  left, right', '  left/low, errors.ts', '```', ''].join(
      '\n',
    ),
  )
})

afterEach(() => rmSync(root, { recursive: true }))

test('reads the folders of each layer by package', () => {
  const text = '```layers\none\n  a, b  two rooms\n  c.ts\ntwo\n  d\n```\n\n```layers\nthree\n  e\n```\n'
  expect([...readLayers(text)]).toEqual([
    ['one', [['a', 'b'], ['c.ts']]],
    ['two', [['d']]],
    ['three', [['e']]],
  ])
})

test.each([
  ['top/a.ts', '../left/b.js'],
  ['top/a.ts', './b.js'],
  ['top/deep/a.ts', '../b.js'],
  ['left/a.ts', './low/b.js'],
  ['right/a.ts', '../errors.js'],
  ['index.ts', './top/a.js'],
  ['index.ts', './plugin.js'],
])('accepts that %s imports %s', (path, specifier) => {
  add(`packages/core/src/${path}`, `import { b } from '${specifier}'`)
  expect(violations()).toEqual([])
})

test.each([
  ['left/a.ts', '../top/b.js', 'top is above left in core'],
  ['left/a.ts', '../right/b.js', 'right is beside left in core'],
  ['left/low/a.ts', '../b.js', 'left is above left/low in core'],
  ['errors.ts', './top/b.js', 'top is above errors.ts in core'],
  ['top/a.ts', '../index.js', 'src is above top in core'],
])('reports that %s imports the type of %s', (path, specifier, reason) => {
  add(`packages/core/src/${path}`, `\nimport type { B } from '${specifier}'`)
  expect(violations()).toEqual([
    { path: `packages/core/src/${path}`, line: 2, text: `imports '${specifier}': ${reason}` },
  ])
})

test('reports a folder that no layer lists', () => {
  add('packages/core/src/new/a.ts', '')
  expect(violations()).toEqual([
    { path: 'packages/core/src/new/a.ts', text: 'is in no layer: ARCHITECTURE.md lists those of core' },
  ])
})

function violations() {
  return findLayerViolations(root)
}

function add(path: string, text: string) {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
