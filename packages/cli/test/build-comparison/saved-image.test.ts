import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { type Header, pack } from 'tar-stream'
import { expect, test } from 'vitest'
import { listHardLinks, readSavedImage } from './saved-image.js'

type Entry = readonly [header: Partial<Header> & Pick<Header, 'name'>, content?: string | Buffer]

async function toArchive(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack()
  for (const [header, content = ''] of entries) archive.entry(header, content)
  archive.finalize()
  return buffer(Readable.from(archive))
}

async function readLayers(...layers: readonly (readonly Entry[])[]) {
  const archives = await Promise.all(layers.map(toArchive))
  const names = archives.map((_, index) => `layer-${index}`)
  const manifest = [{ Config: 'config', Layers: names }]
  return readSavedImage(
    await toArchive([
      [{ name: 'manifest.json' }, JSON.stringify(manifest)],
      [{ name: 'config' }, '{"os":"linux"}'],
      ...archives.map(
        (archive, index) => [{ name: `layer-${index}` }, index % 2 === 0 ? archive : gzipSync(archive)] as const,
      ),
    ]),
  )
}

const directory = (name: string): Entry => [{ name: `${name}/`, type: 'directory', mode: 0o755 }]

test('reads files with modes, owners, targets and times, and the configuration', async () => {
  const { files, layers, config } = await readLayers([
    directory('d'),
    [{ name: 'd/f', mode: 0o4750, uid: 1, gid: 2, mtime: new Date(7_000) }, 'text'],
    [{ name: 'l', type: 'symlink', linkname: 'd/f' }],
  ])
  expect({ layers, config }).toEqual({ layers: 1, config: { os: 'linux' } })
  expect([...files.keys()]).toEqual(['/d', '/d/f', '/l'])
  expect(files.get('/d/f')).toMatchObject({ type: 'file', mode: '4750', owner: '1:2', size: 4, modified: 7 })
  expect(files.get('/d/f')?.digest).toMatch(/^982d9e3eb996/)
  expect(files.get('/l')).toMatchObject({ type: 'symlink', target: 'd/f' })
})

test('replaces and removes files of the layers below', async () => {
  const { files } = await readLayers(
    [
      directory('a'),
      [{ name: 'a/gone' }],
      [{ name: 'a/kept' }],
      directory('b'),
      [{ name: 'b/old' }],
      [{ name: 'c' }, '1'],
    ],
    [[{ name: 'a/.wh.gone' }], [{ name: 'b/new' }], [{ name: 'b/.wh..wh..opq' }], [{ name: 'c' }, 'longer']],
    [[{ name: '.wh.a' }], directory('a'), [{ name: 'a/again' }]],
  )
  expect([...files.keys()].sort()).toEqual(['/a', '/a/again', '/b', '/b/new', '/c'])
  expect(files.get('/c')?.size).toBe(6)
})

test('finds hard links, and not a file that replaces one of them', async () => {
  const links: readonly Entry[] = [
    [{ name: 'one' }, '1'],
    [{ name: 'two', type: 'link', linkname: 'one' }],
    [{ name: 'three', type: 'link', linkname: 'one' }],
  ]
  expect(listHardLinks(await readLayers(links))).toEqual([['/one', '/three', '/two']])
  expect(listHardLinks(await readLayers(links, [[{ name: 'three' }, '1']]))).toEqual([['/one', '/two']])
})
