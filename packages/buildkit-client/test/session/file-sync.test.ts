import { chmod, link, mkdir, mkdtemp, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ContextEntry, readBuildContext } from '@capstan/build-context'
import type { BuildContext } from '@capstan/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openTestSession, type ReceiveOptions, receiveFiles } from '../support/session-daemon.js'

async function list(context: BuildContext): Promise<readonly ContextEntry[]> {
  const entries: ContextEntry[] = []
  for await (const entry of readBuildContext(context)) entries.push(entry)
  return entries
}

/** Receives the source `context`. */
async function receive(
  context: BuildContext | readonly ContextEntry[],
  headers: ReceiveOptions['headers'] = {},
  wants?: ReceiveOptions['wants'],
) {
  const entries = 'files' in context || 'directory' in context ? await list(context) : context
  const transferred: [string, number][] = []
  const onTransfer = (source: string, bytes: number) => transferred.push([source, bytes])
  const ended: string[] = []
  const onTransferEnd = (source: string) => ended.push(source)
  const { session, caller } = await openTestSession({ sources: { context: entries }, onTransfer, onTransferEnd })
  const result = await receiveFiles(caller, { headers: { 'dir-name': 'context', ...headers }, ...(wants && { wants }) })
  await session.close()
  return { ...result, paths: result.stats.map(({ path }) => path), transferred, ended, failure: session.failure }
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'capstan-test-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

describe('the file sync of a session', () => {
  it('sends the entries in order, and the bytes of the files that are requested', async () => {
    const files = { 'b.txt': 'b', 'a/z': 'z', 'a.txt': '', 'a/b/c': 'c'.repeat(200_000) }
    const {
      paths,
      files: received,
      status,
      transferred,
      ended,
    } = await receive({ files }, {}, ({ path }) => path !== 'b.txt')
    expect(paths).toEqual(['a', 'a/b', 'a/b/c', 'a/z', 'a.txt', 'b.txt'])
    expect(received).toEqual(
      new Map([
        ['a/b/c', 'c'.repeat(200_000)],
        ['a/z', 'z'],
        ['a.txt', ''],
      ]),
    )
    expect(status).toEqual({ code: '0', message: '' })
    expect(transferred.reduce((sum, [, bytes]) => sum + bytes, 0)).toBe(200_001)
    expect(ended).toEqual(['context'])
  })

  it('describes files, directories, links and hard links with the modes of Go, owned by root', async () => {
    const directory = await createFolder()
    await mkdir(join(directory, 'dir'))
    await chmod(join(directory, 'dir'), 0o1750)
    await writeFile(join(directory, 'dir/first'), 'text')
    await chmod(join(directory, 'dir/first'), 0o6755)
    await link(join(directory, 'dir/first'), join(directory, 'second'))
    await symlink('dir/first', join(directory, 'link'))
    const { stats, files } = await receive({ directory })
    const [dir, first, symbolic, second] = stats
    expect(dir).toMatchObject({ path: 'dir', mode: 2 ** 31 + 2 ** 20 + 0o750, uid: 0, gid: 0, size: 0n })
    expect(first).toMatchObject({ path: 'dir/first', mode: 2 ** 23 + 2 ** 22 + 0o755, size: 4n, linkname: '' })
    expect(symbolic).toMatchObject({ path: 'link', mode: 2 ** 27 + 0o777, size: 9n, linkname: 'dir/first' })
    expect(second).toMatchObject({ path: 'second', size: 0n, linkname: 'dir/first', modTime: first?.modTime })
    expect(files).toEqual(new Map([['dir/first', 'text']]))
  })

  it('sends a large file in memory in messages of less than 4 MiB, the limit of gRPC', async () => {
    const { files, transferred } = await receive({ files: { big: new Uint8Array(5_000_000) } })
    expect(files.get('big')).toHaveLength(5_000_000)
    expect(Math.max(...transferred.map(([, bytes]) => bytes))).toBeLessThan(4 * 1024 * 1024)
  })

  it('sends another time for a file in memory with other bytes of the same size', async () => {
    const [one, same, other] = await Promise.all([
      receive({ files: { a: '1' } }),
      receive({ files: { a: '1' } }),
      receive({ files: { a: '2' } }),
    ])
    expect(same.stats[0]?.modTime).toBe(one.stats[0]?.modTime)
    expect(other.stats[0]?.modTime).not.toBe(one.stats[0]?.modTime)
  })

  it('sends another time for a file that was rewritten with the same size and time', async () => {
    const directory = await createFolder()
    const file = join(directory, 'a')
    const write = async (text: string) => {
      await writeFile(file, text)
      await utimes(file, 500, 500)
      return (await receive({ directory })).stats[0]?.modTime
    }
    const [one, other] = [await write('1'), await write('2')]
    expect(one).not.toBe(other)
    expect([one, other].map((time = 0n) => time / 1_000_000_000n)).toEqual([500n, 500n])
  })

  it('sends what include-patterns name, with the directories above', async () => {
    const files = { 'a/b/c': '', 'a/d': '', 'x, y': '', z: '' }
    expect((await receive({ files }, { 'include-patterns': ['a/b', 'x, y'] })).paths).toEqual([
      'a',
      'a/b',
      'a/b/c',
      'x, y',
    ])
  })

  it('omits what exclude-patterns name, except for later patterns with !', async () => {
    const files = { 'a/keep.md': '', 'a/x': '', 'b/y': '', '#c': '' }
    expect((await receive({ files }, { 'exclude-patterns': ['a', '!a/*.md', '#c'] })).paths).toEqual([
      'a',
      'a/keep.md',
      'b',
      'b/y',
    ])
  })

  it('sends followpaths with the targets of their links', async () => {
    const directory = await createFolder()
    await mkdir(join(directory, 'real/deep'), { recursive: true })
    await writeFile(join(directory, 'real/deep/file'), '')
    await writeFile(join(directory, 'real/other'), '')
    await symlink('real', join(directory, 'alias'))
    await symlink('deep/file', join(directory, 'real/l1'))
    const receivePaths = async (...paths: string[]) => (await receive({ directory }, { followpaths: paths })).paths
    expect(await receivePaths('alias/l1')).toEqual(['alias', 'real', 'real/deep', 'real/deep/file', 'real/l1'])
    expect(await receivePaths('real/l?')).toEqual(['real', 'real/deep', 'real/deep/file', 'real/l1'])
    expect(await receivePaths('/real/other', 'missing')).toEqual(['real', 'real/other'])
    expect((await receivePaths('.')).length).toBe(6)
  })

  it('sends links out of the context as links, and takes an absolute target as a path of the context', async () => {
    const directory = await createFolder()
    await mkdir(join(directory, 'sub/etc'), { recursive: true })
    await mkdir(join(directory, 'etc'))
    await writeFile(join(directory, 'etc/passwd'), '')
    await writeFile(join(directory, 'sub/etc/passwd'), '')
    await symlink('/etc/passwd', join(directory, 'sub/absolute'))
    await symlink('../../../etc', join(directory, 'sub/up'))
    const receivePaths = async (...paths: string[]) => (await receive({ directory }, { followpaths: paths })).paths
    expect(await receivePaths('sub/absolute')).toEqual(['etc', 'etc/passwd', 'sub', 'sub/absolute'])
    expect(await receivePaths('sub/up/passwd')).toEqual(['etc', 'etc/passwd', 'sub', 'sub/up'])
  })

  it('decodes patterns with other characters than ASCII', async () => {
    const headers = { 'include-patterns': 'd%C3%A4+1', 'include-patterns-encoded': '1' }
    expect((await receive({ files: { 'dä 1': '', 'd+1': '' } }, headers)).paths).toEqual(['dä 1'])
  })

  it('answers NOT_FOUND for an unknown source', async () => {
    const { status, failure } = await receive({ files: {} }, { 'dir-name': 'other' })
    expect(status).toEqual({ code: '5', message: 'the source other is not provided' })
    expect(failure).toBeUndefined()
  })

  it('fails, and keeps the error, when a file has changed after it was listed', async () => {
    const directory = await createFolder()
    await writeFile(join(directory, 'a'), 'text')
    const entries = await list({ directory })
    await truncate(join(directory, 'a'), 1)
    const { status, ended, failure } = await receive(entries)
    expect(ended).toEqual([])
    expect(status.message).toContain('"a" in the build context')
    expect(failure).toMatchObject({ code: 'OPERATION_FAILED', facts: { reason: 'it changed after it was listed' } })
  })

  it('stops reading when the peer cancels', async () => {
    let blocks = 0
    const [entry] = await list({ files: { a: 'a' } })
    const endless = { ...(entry as ContextEntry), modifiedNs: 0n, open: () => readEndlessly() }
    async function* readEndlessly() {
      for (;;) {
        blocks += 1
        yield new Uint8Array(16_384)
      }
    }
    const { session, caller } = await openTestSession({ sources: { context: [endless] } })
    const path = '/moby.filesync.v1.FileSync/DiffCopy'
    const call = await caller.connection.request('POST', path, { 'dir-name': 'context' }, {})
    call.on('response', () => {}) // without a listener, Node discards the data
    call.on('error', () => {}) // the connection can end before the call is closed
    call.write(Buffer.from([0, 0, 0, 0, 4, 0x08, 1, 0x18, 0]))
    await expect.poll(() => blocks).toBeGreaterThan(1)
    const before = blocks
    call.close(8)
    await session.close()
    expect(blocks - before).toBeLessThan(3)
    expect(session.failure).toBeUndefined()
  })
})
