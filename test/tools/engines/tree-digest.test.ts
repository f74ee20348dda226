import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { toTreeDigest } from '../../../tools/engines/tree-digest.mjs'

let folder = ''
let before = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'capstan-tree-'))
  mkdirSync(join(folder, 'usr'))
  writeFileSync(join(folder, 'usr', 'program'), 'text', { mode: 0o755 })
  symlinkSync('usr/program', join(folder, 'link'))
  before = toTreeDigest(folder)
})

afterEach(() => rmSync(folder, { recursive: true }))

test('is the same for the same tree', () => {
  expect(toTreeDigest(folder)).toBe(before)
})

test.each<[string, () => void]>([
  ['the content of a file', () => writeFileSync(join(folder, 'usr', 'program'), 'tent')],
  ['the mode of a file', () => chmodSync(join(folder, 'usr', 'program'), 0o700)],
  ['a further file', () => writeFileSync(join(folder, 'usr', 'more'), '')],
  ['a missing file', () => rmSync(join(folder, 'usr', 'program'))],
  ['the target of a link', () => relink('usr')],
])('differs by %s', (_, change) => {
  change()
  expect(toTreeDigest(folder)).not.toBe(before)
})

function relink(target: string) {
  rmSync(join(folder, 'link'))
  symlinkSync(target, join(folder, 'link'))
}
