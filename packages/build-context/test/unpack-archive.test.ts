import { link, lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packBuildContext, unpackArchive } from '@capstan/build-context'
import { type Header, pack } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import { makeTree } from './temp-context.js'

const mtime = new Date('2020-01-02T03:04:05Z')

type TestEntry = readonly [header: Partial<Header> & { readonly name: string }, text?: string]

/** Packs entries. A string is the content of a file. */
function toArchive(...entries: readonly TestEntry[]): AsyncIterable<Uint8Array> {
  const archive = pack()
  for (const [header, text] of entries) archive.entry({ mtime, ...header }, text ?? '')
  archive.finalize()
  return archive as AsyncIterable<Uint8Array>
}

describe('unpackArchive', () => {
  it('creates the directory, and writes files, directories and links with modes and times', async () => {
    const directory = join(await makeTree({}), 'a', 'b')
    await unpackArchive(
      toArchive(
        [{ name: 'bin/', type: 'directory', mode: 0o555 }],
        [{ name: 'bin/run', mode: 0o4755 }, 'text'],
        [{ name: 'same', type: 'link', linkname: 'bin/run' }],
        [{ name: 'to', type: 'symlink', linkname: '/etc/passwd' }],
        [{ name: '/deep/er/file' }, 'deep'],
      ),
      directory,
    )
    const run = await lstat(join(directory, 'bin/run'))
    expect([run.mode & 0o7777, run.mtime, run.nlink]).toEqual([0o4755, mtime, 2])
    expect(await readFile(join(directory, 'same'), 'utf8')).toBe('text')
    const bin = await lstat(join(directory, 'bin'))
    expect([bin.mode & 0o777, bin.mtime]).toEqual([0o555, mtime])
    expect(await readlink(join(directory, 'to'))).toBe('/etc/passwd')
    expect((await lstat(join(directory, 'to'))).mtime).toEqual(mtime)
    expect(await readFile(join(directory, 'deep/er/file'), 'utf8')).toBe('deep')
  })

  it('writes entries under other paths, leaves entries out, clears bits of the mode and reports the sizes', async () => {
    const directory = await makeTree({})
    const sizes: number[] = []
    await unpackArchive(
      toArchive(
        [{ name: 'a/', type: 'directory' }],
        [{ name: 'a/run', mode: 0o6755 }, 'text'],
        [{ name: 'a/hard', type: 'link', linkname: 'a/run' }],
        [{ name: 'left' }, 'out'],
      ),
      directory,
      {
        toPath: (path) => (path === 'left' ? undefined : path.replace(/^a/, 'b')),
        clearsSetIdBits: true,
        onEntry: (sizeBytes) => sizes.push(sizeBytes),
      },
    )
    expect((await readdir(directory, { recursive: true })).sort()).toEqual(['b', 'b/hard', 'b/run'])
    const run = await lstat(join(directory, 'b/run'))
    expect([run.mode & 0o7777, run.nlink]).toEqual([0o755, 2])
    expect(sizes).toEqual([0, 4, 0])
  })

  it('unpacks what packBuildContext packs', async () => {
    const source = await makeTree({ 'a/b': 'text', c: { text: 'x', mode: 0o700 }, d: { link: 'a/b' }, e: null })
    const directory = await makeTree({})
    await unpackArchive(await packBuildContext({ directory: source }), directory)
    expect((await readdir(directory, { recursive: true })).sort()).toEqual(['a', 'a/b', 'c', 'd', 'e'])
    expect((await lstat(join(directory, 'c'))).mode & 0o777).toBe(0o700)
  })

  it('replaces files and links of the directory, and writes through neither', async () => {
    const outside = await makeTree({ kept: 'kept', linked: 'kept' })
    const directory = await makeTree({ 'sub/other': 'other', file: { link: join(outside, 'kept') } })
    await link(join(outside, 'linked'), join(directory, 'hard'))
    await unpackArchive(
      toArchive([{ name: 'file' }, 'new'], [{ name: 'hard' }, 'new'], [{ name: 'sub/one' }, 'one']),
      directory,
    )
    expect(await readFile(join(directory, 'file'), 'utf8')).toBe('new')
    expect(await readFile(join(outside, 'kept'), 'utf8')).toBe('kept')
    expect(await readFile(join(outside, 'linked'), 'utf8')).toBe('kept')
    expect((await readdir(join(directory, 'sub'))).sort()).toEqual(['one', 'other'])
  })

  it.each([
    [
      'a name with ..',
      [[{ name: 'a/../../x' }, 'x']],
      /unpacking of "a\/\.\.\/\.\.\/x" in the archive failed: its name leaves/,
    ],
    [
      'a file below a link',
      [[{ name: 'l', type: 'symlink', linkname: '/tmp' }], [{ name: 'l/x' }, 'x']],
      /"l" is not a directory/,
    ],
    [
      'a directory in place of a link',
      [[{ name: 'l', type: 'symlink', linkname: '/' }], [{ name: 'l/', type: 'directory' }]],
      /"l" is not/,
    ],
    [
      'a hard link to a file outside',
      [[{ name: 'h', type: 'link', linkname: '../x' }]],
      /"\.\.\/x" in the archive .*leaves/,
    ],
    [
      'a hard link through a link',
      [[{ name: 'l', type: 'symlink', linkname: '/' }], [{ name: 'h', type: 'link', linkname: 'l/x' }]],
      /"l" is not/,
    ],
    [
      'a device',
      [[{ name: 'null', type: 'character-device' }]],
      /"null" .*: it is a character-device, which cannot be written/,
    ],
    [
      'a file in place of a directory',
      [[{ name: 'd/', type: 'directory' }], [{ name: 'd' }, 'x']],
      /"d" in the archive failed/,
    ],
  ] satisfies readonly (readonly [string, readonly TestEntry[], RegExp])[])(
    'rejects %s',
    async (_, entries, message) => {
      const root = await makeTree({})
      const directory = join(root, 'target')
      await mkdir(directory)
      await writeFile(join(root, 'x'), 'kept')
      const failure = unpackArchive(toArchive(...entries), directory)
      await expect(failure).rejects.toMatchObject({ code: 'OPERATION_FAILED', message: expect.stringMatching(message) })
      expect(await readFile(join(root, 'x'), 'utf8')).toBe('kept')
    },
  )

  it('rejects bytes that are no archive, and an archive that ends early', async () => {
    const directory = await makeTree({})
    const text = async function* () {
      yield Buffer.alloc(1024, 'FROM scratch\n')
    }
    const failure = { code: 'OPERATION_FAILED', message: expect.stringContaining('unpacking of the archive failed') }
    await expect(unpackArchive(text(), directory)).rejects.toMatchObject(failure)
    const cut = async function* () {
      for await (const chunk of toArchive([{ name: 'a' }, 'x'.repeat(4000)])) yield chunk.subarray(0, 600)
    }
    await expect(unpackArchive(cut(), directory)).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
  })

  it('passes on the error of the source', async () => {
    const fault = new Error('the connection broke')
    const broken = async function* () {
      yield* toArchive([{ name: 'a' }, 'x'])
      throw fault
    }
    await expect(unpackArchive(broken(), await makeTree({}))).rejects.toBe(fault)
  })

  it('rejects with the reason of an abort before and during', async () => {
    const directory = await makeTree({})
    const stop = new AbortController()
    const reason = new Error('stopped')
    const endless = async function* () {
      yield* [Buffer.alloc(0)]
      stop.abort(reason)
      await new Promise(() => {})
    }
    await expect(unpackArchive(endless(), directory, { signal: stop.signal })).rejects.toBe(reason)
    await expect(unpackArchive(endless(), directory, { signal: stop.signal })).rejects.toBe(reason)
  })
})
