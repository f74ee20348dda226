import { appendFile, link, open, readdir, readlink, truncate, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { packBuild, packBuildContext } from '@capstan/build-context'
import { extract, type Header } from 'tar-stream'
import { expect, test } from 'vitest'
import { makeTree } from './temp-context.js'

interface Packed {
  readonly header: Header
  readonly text: string
}

async function unpack(tar: Readable): Promise<ReadonlyMap<string, Packed>> {
  const entries = new Map<string, Packed>()
  const archive = extract()
  tar.on('error', (error) => archive.destroy(error)).pipe(archive)
  for await (const entry of archive) {
    const blocks: Uint8Array[] = []
    for await (const block of entry as AsyncIterable<Uint8Array>) blocks.push(block)
    expect(entries.has(entry.header.name)).toBe(false)
    entries.set(entry.header.name, { header: entry.header, text: Buffer.concat(blocks).toString() })
  }
  return entries
}

test('packs files, directories and links with their modes, owned by root', async () => {
  const directory = await makeTree({
    'bin/run': { text: 'run', mode: 0o755 },
    none: { text: 'x', mode: 0 },
    link: { link: 'bin/run' },
    empty: '',
    [`long/${'n'.repeat(180)}/ü`]: 'far',
  })
  const packed = await unpack(await packBuildContext({ directory }))
  const look = (name: string) => packed.get(name)?.header
  expect(look('bin/')).toMatchObject({ type: 'directory', mode: 0o755, uid: 0, gid: 0 })
  expect(look('bin/run')).toMatchObject({ type: 'file', mode: 0o755, size: 3 })
  expect(look('none')).toMatchObject({ mode: 0 })
  expect(look('link')).toMatchObject({ type: 'symlink', linkname: 'bin/run' })
  expect(look('empty')).toMatchObject({ type: 'file', size: 0 })
  expect(packed.get(`long/${'n'.repeat(180)}/ü`)?.text).toBe('far')
})

test('packs the further names of a file as hard links, like docker', async () => {
  const directory = await makeTree({ a: 'text', 'b/c': '' })
  await link(join(directory, 'a'), join(directory, 'b/d'))
  let archiveBytes: number | undefined
  const tar = await packBuildContext({ directory }, { onSize: (bytes) => (archiveBytes = bytes) })
  const packed = await unpack(tar)
  expect(packed.get('a')).toMatchObject({ header: { type: 'file', size: 4 }, text: 'text' })
  expect(packed.get('b/d')).toMatchObject({ header: { type: 'link', linkname: 'a', size: 0 }, text: '' })
  expect(archiveBytes).toBe(7 * 512)
})

test('packs times after 2038, and 1970 for earlier times', async () => {
  const directory = await makeTree({ early: '', late: '', now: '' })
  await utimes(join(directory, 'early'), new Date(-100_000), new Date(-100_000))
  await utimes(join(directory, 'late'), 2_211_840_000.75, 2_211_840_000.75)
  await utimes(join(directory, 'now'), 1_700_000_000.987, 1_700_000_000.987)
  const packed = await unpack(await packBuildContext({ directory }))
  expect(packed.get('early')?.header.mtime).toEqual(new Date(0))
  expect(packed.get('late')?.header.pax).toMatchObject({ mtime: '2211840000' })
  expect(packed.get('now')?.header.mtime).toEqual(new Date(1_700_000_000_000))
})

test('packs the size of a file of more than 8 GiB', async () => {
  const directory = await makeTree({ big: '' })
  await truncate(join(directory, 'big'), 8 * 2 ** 30 + 5)
  const tar = await packBuildContext({ directory })
  const reader = extract()
  const size = new Promise((resolve) => reader.on('entry', (header) => resolve(header.size)))
  tar.on('error', () => {}).pipe(reader)
  expect(await size).toBe(8 * 2 ** 30 + 5)
  tar.destroy()
  reader.destroy()
})

test('packs the same bytes for the same files in memory', async () => {
  const files = { b: 'B', 'a/c': 'C' }
  const bytes = async () => Buffer.concat(await (await packBuildContext({ files })).toArray())
  expect((await bytes()).equals(await bytes())).toBe(true)
  expect((await bytes()).byteLength % 512).toBe(0)
})

test('packs an empty archive without a context', async () => {
  expect((await unpack(await packBuildContext(undefined))).size).toBe(0)
})

test('rejects an invalid context before there is a stream', async () => {
  await expect(packBuildContext({ files: { '../x': '' } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(packBuild({ files: { '/x': '' } }, { text: 'FROM a' })).rejects.toMatchObject({
    facts: { field: 'context.files["/x"]' },
  })
})

test('ends the stream with an error when a file changes while it is packed', async () => {
  const directory = await makeTree({ a: 'x'.repeat(1_000_000), b: 'b' })
  const tar = await packBuildContext({ directory })
  tar.once('data', () => void appendFile(join(directory, 'b'), 'more'))
  await expect(tar.toArray()).rejects.toMatchObject({ facts: { subject: '"b" in the build context' } })
})

test('reads files only as fast as the stream is read', async () => {
  const directory = await makeTree({ big: '' })
  const file = await open(join(directory, 'big'), 'w')
  await file.truncate(64 * 1024 * 1024)
  await file.close()
  const tar = await packBuildContext({ directory })
  for await (const block of tar) {
    expect(tar.readableLength + block.length).toBeLessThan(1024 * 1024)
    break
  }
  expect(tar.destroyed).toBe(true)
})

test('ends the stream with the reason when it is aborted', async () => {
  const directory = await makeTree({ big: 'x'.repeat(3_000_000) })
  const abort = new AbortController()
  const reason = new Error('enough')
  const tar = await packBuildContext({ directory }, abort)
  tar.once('data', () => abort.abort(reason))
  await expect(tar.toArray()).rejects.toBe(reason)
  await expect(packBuildContext({ directory }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

test.runIf(process.platform === 'linux')('closes the file when the stream is destroyed', async () => {
  const directory = await makeTree({ big: 'x'.repeat(3_000_000) })
  const tar = await packBuildContext({ directory })
  for await (const block of tar) {
    expect(block.length).toBeGreaterThan(0)
    break
  }
  if (!tar.closed) await new Promise((resolve) => tar.once('close', resolve))
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`, 'utf8').catch(() => '')),
  )
  expect(links.filter((link) => link.startsWith(directory))).toEqual([])
})

test('reports the size of the archive before the first byte', async () => {
  const files = { 'a.txt': 'a', 'large.bin': new Uint8Array(70_000), 'd/e': '' }
  let announced = 0
  const archive = await packBuildContext(
    { files },
    {
      onSize: (bytes) => {
        announced = bytes
      },
    },
  )
  expect(announced).toBeGreaterThan(70_000)
  expect(Buffer.concat(await archive.toArray()).length).toBe(announced)
})
