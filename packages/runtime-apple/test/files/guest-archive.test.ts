import { type ArchiveEntry, packEntries, readArchive, readOwner } from '@capstan/build-context'
import { describe, expect, it } from 'vitest'
import { type PackedEntries, packForGuest } from '../../src/files/guest-archive.js'

const modifiedAt = new Date(1_000_000_000_000)
const entry: ArchiveEntry = {
  path: 'file',
  type: 'file',
  mode: 0o640,
  sizeBytes: 0,
  modifiedAt,
  async *open() {},
}

/** Packs entries for a guest, and reads what a `tar` there would read. */
async function repack(entries: readonly Partial<ArchiveEntry>[], packed: PackedEntries = createPacked()) {
  const source = packEntries(entries.map((given) => ({ ...entry, ...given })))
  const read = []
  for await (const { header, content } of readArchive(packForGuest(readArchive(source), packed))) {
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    const { name, type, mode, linkname, mtime } = header
    read.push({ name, type, mode, linkname, mtime, ...readOwner(header), text: Buffer.concat(chunks).toString() })
  }
  return read
}

function createPacked(): PackedEntries {
  return { links: new Map(), hasOwners: false }
}

describe('packForGuest', () => {
  it('keeps content, mode, time and owner, also an id that needs more than octal digits', async () => {
    async function* open() {
      yield Buffer.from('con')
      yield Buffer.from('tent')
    }
    const [read] = await repack([{ sizeBytes: 7, open, mode: 0o4750, uid: 3_000_000, gid: 7 }])
    expect(read).toMatchObject({
      name: 'file',
      type: 'file',
      mode: 0o4750,
      mtime: modifiedAt,
      uid: 3_000_000,
      gid: 7,
      text: 'content',
    })
  })

  it('keeps names and targets of links that are longer than a field or not ASCII', async () => {
    const path = `${'ü'.repeat(60)}/${'x'.repeat(120)}`
    const linkTarget = `/${'y'.repeat(150)}`
    const read = await repack([
      { path },
      { path: 'hard', type: 'link', linkTarget: path },
      { path: 'ü', type: 'symlink', linkTarget },
      { path: 'x'.repeat(100) },
    ])
    expect(read.map(({ name, linkname }) => [name, linkname ?? undefined])).toEqual([
      [path, undefined],
      ['hard', path],
      ['ü', linkTarget],
      ['x'.repeat(100), undefined],
    ])
  })

  it('marks directories so that they cannot replace files, and repeats them at the end', async () => {
    const names = (await repack([{ path: 'a', type: 'directory' }, { path: 'a/b', type: 'directory' }, {}])).map(
      ({ name }) => name,
    )
    expect(names).toEqual(['a/.', 'a/b/.', 'file', 'a/b/.', 'a/.'])
  })

  it('lists the symbolic links that no later entry replaces, except those with a line break', async () => {
    const packed = createPacked()
    const link = { type: 'symlink', linkTarget: 'file', uid: 5, gid: 6 } as const
    await repack([{ ...link, path: 'kept' }, { ...link, path: 'replaced' }, { path: 'replaced' }], packed)
    await repack([{ ...link, path: 'line\nbreak' }], packed)
    expect([...packed.links]).toEqual([['kept', { uid: 5, gid: 6, seconds: 1_000_000_000 }]])
    expect(packed.hasOwners).toBe(true)
  })

  it('leaves out a leading slash, and rejects a name that leaves the directory', async () => {
    const packed = createPacked()
    expect((await repack([{ path: '/etc/./file' }], packed)).map(({ name }) => name)).toEqual(['etc/file'])
    expect(packed.hasOwners).toBe(false)
    const outside = { code: 'OPERATION_FAILED', facts: { reason: 'its name leaves the directory' } }
    await expect(repack([{ path: 'a/../../file' }])).rejects.toMatchObject(outside)
    await expect(repack([{ path: 'hard', type: 'link', linkTarget: '../file' }])).rejects.toMatchObject(outside)
  })
})
