import { describe, expect, it } from 'vitest'
import { ContainerFiles } from '../../../src/simulation/files/container-files.js'
import type { FileEntry } from '../../../src/simulation/files/file-map.js'

describe('ContainerFiles', () => {
  it('reads files that were written over the image, which is unchanged', async () => {
    const image = new Map([['/a/b', file('old')]])
    const files = new ContainerFiles({ image })
    await files.write('/a/b', Buffer.from('new'))
    expect([await readText(files, '/a/b'), String(bytesOf(image.get('/a/b')))]).toEqual(['new', 'old'])
  })

  it('has a directory for each path that contains something', async () => {
    const files = new ContainerFiles({ image: new Map([['/a/b/c', file('')]]) })
    expect(await files.list('/a')).toEqual(['b'])
    expect(await files.find('/a')).toMatchObject({ type: 'directory' })
    expect(await files.find('/a/x')).toBeUndefined()
  })

  it('follows links, and rejects a circle with ELOOP', async () => {
    const image = new Map<string, FileEntry>([
      ['/dir/file', file('x')],
      ['/dir/link', { type: 'symlink', target: 'file' }],
      ['/loop', { type: 'symlink', target: '/loop' }],
    ])
    const files = new ContainerFiles({ image })
    expect(await readText(files, '/dir/link')).toBe('x')
    await expect(files.read('/loop')).rejects.toMatchObject({ code: 'ELOOP' })
  })

  it('reads the deepest mount, and lists mount points', async () => {
    const files = new ContainerFiles({
      image: new Map([['/m/hidden', file('')]]),
      mounts: [
        { type: 'memory', target: '/m', readOnly: false, files: new Map([['/one', file('1')]]) },
        { type: 'memory', target: '/m/in', readOnly: true, files: new Map([['/two', file('2')]]) },
      ],
    })
    expect(await readText(files, '/m/in/two')).toBe('2')
    expect(await files.list('/m')).toEqual(['one'])
    expect(await files.list('/')).toEqual(['m'])
    await expect(files.write('/m/in/x', Buffer.from(''))).rejects.toMatchObject({ code: 'EROFS' })
  })

  it.each([
    ['ENOENT', (files: ContainerFiles) => files.read('/none')],
    ['EISDIR', (files: ContainerFiles) => files.read('/a')],
    ['EISDIR', (files: ContainerFiles) => files.write('/a', Buffer.from(''))],
    ['ENOTDIR', (files: ContainerFiles) => files.list('/a/b')],
    ['ENOENT', (files: ContainerFiles) => files.changeMode('/none', 0o600)],
  ])('rejects with %s like a file system', async (code, act) => {
    const files = new ContainerFiles({ image: new Map([['/a/b', file('')]]) })
    await expect(act(files)).rejects.toMatchObject({ code })
  })
})

function file(content: string): FileEntry {
  return { type: 'file', mode: 0o644, bytes: Buffer.from(content) }
}

async function readText(files: ContainerFiles, path: string): Promise<string> {
  return Buffer.from(await files.read(path)).toString()
}

function bytesOf(entry: FileEntry | undefined): Uint8Array {
  return entry?.type === 'file' ? entry.bytes : new Uint8Array()
}
