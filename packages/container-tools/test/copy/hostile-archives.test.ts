import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type ArchiveEntry, packEntries } from '@capstan/build-context'
import type { FileTransfer, PathStat } from '@capstan/core'
import { expect, it } from 'vitest'
import { copyOut } from '../../src/index.js'
import { makeDirectory } from '../support/temporary-directory.js'

it.each([
  ['a name with ..', [file('tree/../../escaped')]],
  ['a name outside of the copied path', [file('escaped')]],
  ['a name that only begins like the copied path', [file('tree-escaped')]],
  ['a file below a link', [directory('tree'), symlink('tree/link', '..'), file('tree/link/escaped')]],
  ['a directory in place of a link', [directory('tree'), symlink('tree/link', '..'), directory('tree/link')]],
  ['a hard link to a file outside', [directory('tree'), hardLink('tree/hard', 'tree/../../kept')]],
  [
    'a hard link below a link',
    [directory('tree'), symlink('tree/link', '..'), hardLink('tree/hard', 'tree/link/kept')],
  ],
  ['a link in place of the target itself', [symlink('tree', '..'), file('tree/escaped')]],
] as const)('copyOut rejects %s, and writes nothing outside of the target', async (_, entries) => {
  const outside = await makeDirectory()
  const into = join(outside, 'into')
  await mkdir(into)
  await writeFile(join(outside, 'kept'), 'kept')
  const copied = copyOut(fakeFiles(entries), 'c', { from: '/tree', to: into })
  await expect(copied).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
  expect((await readdir(outside)).sort()).toEqual(['into', 'kept'])
  expect(await readFile(join(outside, 'kept'), 'utf8')).toBe('kept')
  expect((await readdir(into)).filter((name) => name !== 'tree')).toEqual([])
})

it('copyOut replaces a link in the target instead of writing to the file to which it leads', async () => {
  const outside = await makeDirectory()
  await writeFile(join(outside, 'kept'), 'kept')
  await mkdir(join(outside, 'into'))
  const entries = [directory('tree'), symlink('tree/x', '../../kept'), file('tree/x')]
  await copyOut(fakeFiles(entries), 'c', { from: '/tree', to: join(outside, 'into') })
  expect(await readFile(join(outside, 'kept'), 'utf8')).toBe('kept')
  expect(await readFile(join(outside, 'into/tree/x'), 'utf8')).toBe('hostile')
})

/** A container whose path `/tree` is a directory with this archive. */
function fakeFiles(entries: readonly ArchiveEntry[]): FileTransfer {
  const stat: PathStat = { type: 'directory', mode: 0o755, sizeBytes: 0, modifiedAt: new Date(0) }
  return {
    putArchive: async () => {},
    getArchive: async () => Readable.from(packEntries(entries), { objectMode: false }),
    statPath: async () => stat,
  }
}

function file(path: string): ArchiveEntry {
  const content = Buffer.from('hostile')
  async function* open(): AsyncGenerator<Uint8Array, void> {
    yield content
  }
  return { ...common(path), type: 'file', sizeBytes: content.length, open }
}

function directory(path: string): ArchiveEntry {
  return { ...common(path), type: 'directory' }
}

function symlink(path: string, linkTarget: string): ArchiveEntry {
  return { ...common(path), type: 'symlink', linkTarget }
}

function hardLink(path: string, linkTarget: string): ArchiveEntry {
  return { ...common(path), type: 'link', linkTarget }
}

function common(path: string) {
  async function* open(): AsyncGenerator<Uint8Array, void> {}
  return { path, mode: 0o755, sizeBytes: 0, modifiedAt: new Date(0), open }
}
