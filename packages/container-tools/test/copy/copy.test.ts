import { chmod, link, lstat, mkdir, readdir, readFile, readlink, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { copyIn, copyOut } from '../../src/index.js'
import { openMemory } from '../support/open-memory.js'
import { makeDirectory } from '../support/temporary-directory.js'

const time = new Date('2020-01-02T03:04:05Z')

describe('copyIn and copyOut', () => {
  it('copy a tree with modes, times and links, and count it', async () => {
    await using copied = await createContainer()
    const { files, id, directory } = copied
    const tree = await makeTree(directory)
    expect(await copyIn(files, id, { from: tree, to: '/etc' })).toEqual({ entries: 6, bytes: 8 })
    expect(await files.statPath(id, '/etc/tree/run')).toMatchObject({ mode: 0o4755, sizeBytes: 4, modifiedAt: time })
    expect(await copyOut(files, id, { from: '/etc/tree', to: join(directory, 'out') })).toMatchObject({ entries: 6 })
    const out = join(directory, 'out')
    expect((await readdir(out, { recursive: true })).sort()).toEqual(['hard', 'link', 'run', 'sub', 'sub/inner'])
    expect(await readFile(join(out, 'sub/inner'), 'utf8')).toBe('deep')
    expect(await readlink(join(out, 'link'))).toBe('run')
    const run = await lstat(join(out, 'run'))
    expect([run.mode & 0o7777, run.mtime]).toEqual([0o755, time])
    expect((await lstat(join(out, 'sub'))).mode & 0o777).toBe(0o711)
  })

  it('set root as the owner of copied files, or the owner that is given', async () => {
    await using copied = await createContainer()
    const { files, id, directory, readOwners } = copied
    const tree = await makeTree(directory)
    await copyIn(files, id, { from: join(tree, 'run'), to: '/etc/one' })
    await copyIn(files, id, { from: join(tree, 'run'), to: '/etc/two', owner: { uid: 300_000, gid: 5 } })
    await copyIn(files, id, { from: join(tree, 'run'), to: '/etc/three', owner: 'source' })
    const { uid, gid } = await lstat(join(tree, 'run'))
    expect(await readOwners('/etc/one')).toEqual({ uid: 0, gid: 0 })
    expect(await readOwners('/etc/two')).toEqual({ uid: 300_000, gid: 5 })
    expect(await readOwners('/etc/three')).toEqual({ uid, gid })
  })

  it('copy the content of a directory with a trailing dot, and do not change the mode of the existing target', async () => {
    await using copied = await createContainer()
    const { files, id, directory } = copied
    const tree = await makeTree(directory)
    await chmod(tree, 0o700)
    await copyIn(files, id, { from: `${tree}/.`, to: '/etc' })
    expect(await files.statPath(id, '/etc/run')).toMatchObject({ type: 'file' })
    expect(await files.statPath(id, '/etc')).toMatchObject({ mode: 0o755 })
    const out = join(directory, 'out')
    await mkdir(out, { mode: 0o750 })
    await copyIn(files, id, { from: tree, to: '/etc/absent' })
    await copyOut(files, id, { from: '/etc/absent/.', to: out })
    expect((await readdir(out)).sort()).toEqual(['hard', 'link', 'run', 'sub'])
    expect((await lstat(out)).mode & 0o777).toBe(0o750)
  })

  it('copy a link itself, and with followLinks or a trailing slash its target under the name of the link', async () => {
    await using copied = await createContainer()
    const { files, id, directory } = copied
    const tree = await makeTree(directory)
    await symlink('tree', join(directory, 'alias'))
    await copyIn(files, id, { from: join(directory, 'alias'), to: '/etc' })
    expect(await files.statPath(id, '/etc/alias')).toMatchObject({ type: 'symlink', linkTarget: '/etc/tree' })
    await copyIn(files, id, { from: `${join(directory, 'alias')}/`, to: '/opt-alias' })
    expect(await files.statPath(id, '/opt-alias')).toMatchObject({ type: 'directory' })
    await copyIn(files, id, { from: tree, to: '/etc' })
    await copyOut(files, id, { from: '/etc/alias', to: join(directory, 'copied-link') })
    expect(await readlink(join(directory, 'copied-link'))).toBe('tree')
    await mkdir(join(directory, 'into'))
    await copyOut(files, id, { from: '/etc/alias', to: join(directory, 'into'), followLinks: true })
    expect(await readdir(join(directory, 'into/alias'))).toContain('run')
  })

  it('follow a link that is the target, and replace the file', async () => {
    await using copied = await createContainer()
    const { files, id, directory } = copied
    await writeFile(join(directory, 'new'), 'new')
    await symlink('elsewhere', join(directory, 'in'))
    await copyIn(files, id, { from: join(directory, 'in'), to: '/etc/link' })
    await copyIn(files, id, { from: join(directory, 'new'), to: '/etc/link' })
    expect(await files.statPath(id, '/etc/elsewhere')).toMatchObject({ type: 'file', sizeBytes: 3 })
    await writeFile(join(directory, 'target'), 'old content')
    await symlink('target', join(directory, 'out'))
    await copyOut(files, id, { from: '/etc/elsewhere', to: join(directory, 'out') })
    expect(await readFile(join(directory, 'target'), 'utf8')).toBe('new')
    expect(await readlink(join(directory, 'out'))).toBe('target')
  })

  it('reject paths that cannot be copied to each other, with the field', async () => {
    await using copied = await createContainer()
    const { files, id, directory } = copied
    const tree = await makeTree(directory)
    const file = join(tree, 'run')
    const invalid = (field: string) => ({ code: 'INVALID_ARGUMENT', facts: { field } })
    const missing = (path: string) => ({ code: 'PATH_NOT_FOUND', facts: { path } })
    for (const [from, to, error] of [
      [join(directory, 'none'), '/etc', invalid('from')],
      [`${file}/`, '/etc', invalid('from')],
      ['', '/etc', invalid('from')],
      [file, 'etc', invalid('to')],
      [file, '/etc/../x', invalid('to')],
      [tree, '/etc/passwd', invalid('to')],
      [file, '/etc/none/', invalid('to')],
      [file, '/none/x', missing('/none')],
    ] as const) {
      await expect(copyIn(files, id, { from, to })).rejects.toMatchObject(error)
    }
    for (const [from, to, error] of [
      ['/none', directory, missing('/none')],
      ['/etc/passwd/', directory, missing('/etc/passwd')],
      ['/etc', file, invalid('to')],
      ['/etc/passwd', join(directory, 'none/'), invalid('to')],
      ['/etc/passwd', join(directory, 'none/x'), invalid('to')],
      ['etc', directory, invalid('from')],
    ] as const) {
      await expect(copyOut(files, id, { from, to })).rejects.toMatchObject(error)
    }
    expect(await readdir(directory)).toEqual(['tree'])
  })

  it('reject with the reason of an abort', async () => {
    await using copied = await createContainer()
    const { files, id, directory } = copied
    const tree = await makeTree(directory)
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await expect(copyIn(files, id, { from: tree, to: '/etc', signal })).rejects.toBe(reason)
    await expect(copyOut(files, id, { from: '/etc', to: directory, signal })).rejects.toBe(reason)
  })
})

/** Creates a directory `tree` with a program with the set-user-ID bit, links to it and a directory. */
async function makeTree(directory: string): Promise<string> {
  const tree = join(directory, 'tree')
  await mkdir(join(tree, 'sub'), { recursive: true })
  await writeFile(join(tree, 'run'), 'text')
  await chmod(join(tree, 'run'), 0o4755)
  await utimes(join(tree, 'run'), time, time)
  await link(join(tree, 'run'), join(tree, 'hard'))
  await symlink('run', join(tree, 'link'))
  await writeFile(join(tree, 'sub/inner'), 'deep')
  await chmod(join(tree, 'sub'), 0o711)
  return tree
}

async function createContainer() {
  const memory = await openMemory()
  const { runtime, files } = memory
  const id = await runtime.createContainer({ image: 'busybox' })
  return {
    files,
    id,
    directory: await makeDirectory(),
    /** Reads the owner in the header of the first entry. Ids above 18 bits are in an extended header, with records of `LENGTH KEY=VALUE`. */
    readOwners: async (path: string) => {
      const chunks: Uint8Array[] = []
      for await (const chunk of await files.getArchive(id, path)) chunks.push(chunk)
      const text = Buffer.concat(chunks).toString('latin1')
      const read = (key: string, at: number) =>
        Number(new RegExp(`\\d+ ${key}=(\\d+)\\n`).exec(text)?.[1] ?? Number.parseInt(text.slice(at, at + 7), 8))
      return { uid: read('uid', 108), gid: read('gid', 116) }
    },
    [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose](),
  }
}
