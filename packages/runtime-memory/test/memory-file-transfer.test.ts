import { mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import { expect, it } from 'vitest'
import { readTar } from '../src/simulation/files/read-archive.js'
import { type OpenMemory, openMemory } from './support/open-memory.js'

it('shows files of an archive to programs, and files of programs in an archive', async () => {
  await using memory = await openMemory()
  const id = await createContainer(memory)
  await memory.files.putArchive(
    id,
    '/etc',
    toTar({ name: 'put', content: 'from outside\n', mode: 0o640, uid: 7, gid: 8 }),
  )
  await memory.runtime.startContainer(id)
  expect(await run(memory, id, 'cat /etc/put; stat -c %a /etc/put; echo inside > /x/made')).toBe('from outside\n640\n')
  expect(await list(memory, id, '/x')).toEqual(['x/', 'x/made'])
  const [put] = await read(memory, id, '/etc/put')
  expect(put?.header).toMatchObject({ name: 'put', mode: 0o640, uid: 7, gid: 8, mtime: new Date(1_000_000_000_000) })
})

it('keeps symbolic links and content of hard links, and follows links in paths', async () => {
  await using memory = await openMemory()
  const id = await createContainer(memory)
  const archive = toTar(
    { name: 'real/', type: 'directory', mode: 0o711 },
    { name: 'real/file', content: 'x' },
    { name: 'alias', type: 'symlink', linkname: 'real' },
    { name: 'hard', type: 'link', linkname: 'real/file' },
    { name: 'alias/through', content: 'y' },
  )
  await memory.files.putArchive(id, '/etc', archive)
  expect((await read(memory, id, '/etc/alias')).map(({ header }) => header.linkname)).toEqual(['real'])
  expect(await list(memory, id, '/etc/real')).toEqual(['real/', 'real/file', 'real/through'])
  expect((await read(memory, id, '/etc/hard'))[0]?.bytes.toString()).toBe('x')
  expect(await memory.files.statPath(id, '/etc/alias')).toMatchObject({ type: 'symlink', linkTarget: '/etc/real' })
  expect(await memory.files.statPath(id, '/etc/alias/file')).toMatchObject({ type: 'file', sizeBytes: 1 })
  await memory.runtime.startContainer(id)
  expect(await run(memory, id, 'cat /etc/alias/through')).toBe('y')
})

it('creates the working directory of a container, unless the image has it', async () => {
  await using memory = await openMemory()
  const id = await memory.runtime.createContainer({ image: 'busybox', workingDirectory: '/work/inner' })
  expect(await memory.files.statPath(id, '/work/inner')).toMatchObject({ type: 'directory', mode: 0o755 })
  await memory.files.putArchive(id, '/work/inner', toTar({ name: 'file', content: 'x' }))
  expect(await list(memory, id, '/work')).toEqual(['work/', 'work/inner/', 'work/inner/file'])
})

it('rejects with PATH_NOT_FOUND when the directory or the path does not exist', async () => {
  await using memory = await openMemory()
  const id = await createContainer(memory)
  await expect(memory.files.putArchive(id, '/none', toTar())).rejects.toMatchObject({
    code: 'PATH_NOT_FOUND',
    facts: { id, path: '/none', expected: 'directory' },
  })
  await expect(memory.files.putArchive(id, '/etc/passwd', toTar())).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' })
  await expect(memory.files.getArchive(id, '/none/')).rejects.toMatchObject({
    message: `container "${id}" has no path "/none"`,
  })
  expect(await memory.files.statPath(id, '/none')).toBeUndefined()
})

it('rejects names that lead out of the directory, and kinds of files that replace a directory', async () => {
  await using memory = await openMemory()
  const id = await createContainer(memory)
  for (const entry of [{ name: '../out' }, { name: 'a/../../out' }]) {
    await expect(memory.files.putArchive(id, '/etc', toTar(entry))).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
  }
  await expect(memory.files.putArchive(id, '/', toTar({ name: 'etc', content: '' }))).rejects.toMatchObject({
    facts: { reason: '/etc: Is a directory' },
  })
  expect(await memory.files.statPath(id, '/out')).toBeUndefined()
})

it('writes to bind mounts, and replaces their links instead of writing to the targets on this machine', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-memory-'))
  try {
    await mkdir(join(directory, 'mounted'))
    await writeFile(join(directory, 'outside'), 'unchanged')
    await symlink(join(directory, 'outside'), join(directory, 'mounted/link'))
    await writeFile(join(directory, 'mounted/file'), 'host')
    await using memory = await openMemory()
    const mounts = [{ type: 'bind', source: join(directory, 'mounted'), target: '/m' }]
    const id = await createContainer(memory, { mounts })
    expect((await read(memory, id, '/m/file')).map(({ bytes }) => bytes.toString())).toEqual(['host'])
    await memory.files.putArchive(
      id,
      '/m',
      toTar({ name: 'link', content: 'replaced' }, { name: 'l2', type: 'symlink', linkname: 'file' }),
    )
    expect(await readFile(join(directory, 'mounted/link'), 'utf8')).toBe('replaced')
    expect(await readFile(join(directory, 'outside'), 'utf8')).toBe('unchanged')
    expect(await readlink(join(directory, 'mounted/l2'))).toBe('file')
  } finally {
    await rm(directory, { recursive: true })
  }
})

it('rejects with OPERATION_FAILED on a read-only root filesystem and writes nothing', async () => {
  await using memory = await openMemory()
  const id = await createContainer(memory, { readOnlyRootFilesystem: true })
  await expect(memory.files.putArchive(id, '/etc', toTar({ name: 'f' }))).rejects.toMatchObject({
    code: 'OPERATION_FAILED',
  })
  expect(await memory.files.statPath(id, '/etc/f')).toBeUndefined()
})

it('rejects by the name of an option that is configured as unsupported', async () => {
  await using memory = await openMemory({ unsupportedOptions: ['files.stopped', 'files.tmpfs', 'files.owners'] })
  const id = await createContainer(memory, { mounts: [{ type: 'tmpfs', target: '/t' }] })
  await expect(memory.files.statPath(id, '/etc')).rejects.toMatchObject({
    facts: { field: 'files.stopped', given: '"created"' },
  })
  await memory.runtime.startContainer(id)
  await expect(memory.files.getArchive(id, '/t')).rejects.toMatchObject({
    facts: { field: 'files.tmpfs', given: '"/t"' },
  })
  await memory.files.putArchive(id, '/etc', toTar({ name: 'f', uid: 5 }))
  expect((await read(memory, id, '/etc/f'))[0]?.header.uid).toBe(0)
})

async function createContainer({ runtime }: OpenMemory, config = {}): Promise<string> {
  return await runtime.createContainer({ image: 'busybox', command: ['sleep', '60'], ...config })
}

async function run({ exec }: OpenMemory, id: string, script: string): Promise<string> {
  const { stdout } = await exec.exec(id, ['sh', '-c', script])
  return (await buffer(stdout)).toString()
}

async function read({ files }: OpenMemory, id: string, path: string) {
  return await readTar(await files.getArchive(id, path), new AbortController().signal)
}

async function list(memory: OpenMemory, id: string, path: string): Promise<readonly string[]> {
  return (await read(memory, id, path)).map(({ header }) => header.name)
}

interface Entry {
  readonly name: string
  readonly type?: 'file' | 'directory' | 'symlink' | 'link'
  readonly linkname?: string
  readonly content?: string
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
}

function toTar(...entries: readonly Entry[]): AsyncIterable<Uint8Array> {
  const archive = pack()
  for (const { content, ...header } of entries)
    archive.entry({ mtime: new Date(1_000_000_000_000), ...header }, content ?? '')
  archive.finalize()
  return archive as AsyncIterable<Uint8Array>
}
