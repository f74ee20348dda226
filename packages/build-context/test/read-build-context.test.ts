import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { appendFile, mkdir, rename, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type ContextEntry, readBuildContext } from '@capstan/build-context'
import { describe, expect, it, onTestFinished, test } from 'vitest'
import { collect, listPaths, readText } from './collect.js'
import { makeTree } from './temp-context.js'

test('has no entries without a context', async () => {
  expect(await collect(readBuildContext(undefined))).toEqual([])
})

test('lists parents before children, and the names of a directory in byte order', async () => {
  const tree = { 'b/y': '', 'b/x': '', 'b-c': '', B: '', 'b.d/z': '', é: '', '\u{1F600}': '', '\uFB01': '' }
  const expected = ['B', 'b', 'b/x', 'b/y', 'b-c', 'b.d', 'b.d/z', 'é', '\uFB01', '\u{1F600}']
  expect(await listPaths({ directory: await makeTree(tree) })).toEqual(expected)
  expect(await listPaths({ files: tree })).toEqual(expected)
})

test('returns modes, sizes, times and bytes of a directory', async () => {
  const directory = await makeTree({ 'bin/run': { text: '#!/bin/sh\n', mode: 0o4751 }, none: { text: 'x', mode: 0 } })
  await utimes(join(directory, 'bin/run'), 1_700_000_000, 1_700_000_000)
  const [bin, run, none] = await collect(readBuildContext({ directory }))
  expect(bin).toMatchObject({ path: 'bin', type: 'directory', mode: 0o755, sizeBytes: 0 })
  expect(run).toMatchObject({ path: 'bin/run', type: 'file', mode: 0o4751, sizeBytes: 10 })
  expect(run?.modifiedAt).toEqual(new Date(1_700_000_000_000))
  expect(none?.mode).toBe(0)
  expect(run && (await readText(run))).toBe('#!/bin/sh\n')
})

test('adds the directories of files in memory, and makes programs executable', async () => {
  const files = { 'a/b/run.sh': '#!/bin/sh\n', 'a/data': new Uint8Array([0, 255]), 'a/elf': Buffer.from('\x7fELF…') }
  const entries = await collect(readBuildContext({ files }))
  expect(entries.map(({ path, type, mode }) => [path, type, mode.toString(8)])).toEqual([
    ['a', 'directory', '755'],
    ['a/b', 'directory', '755'],
    ['a/b/run.sh', 'file', '755'],
    ['a/data', 'file', '644'],
    ['a/elf', 'file', '755'],
  ])
  expect(entries.every(({ modifiedAt }) => modifiedAt === undefined)).toBe(true)
  expect(entries[3] && (await collect(entries[3].open()))).toEqual([new Uint8Array([0, 255])])
})

test('returns links that stay inside as links, also dangling and circular ones', async () => {
  const directory = await makeTree({
    'sub/file': '',
    'sub/up': { link: '../sub/./file' },
    dangling: { link: 'nowhere/at/all' },
    circle: { link: 'circle' },
    self: { link: '.' },
  })
  const links = (await collect(readBuildContext({ directory }))).filter(({ type }) => type === 'symlink')
  expect(links.map(({ path, linkTarget }) => [path, linkTarget])).toEqual([
    ['circle', 'circle'],
    ['dangling', 'nowhere/at/all'],
    ['self', '.'],
    ['sub/up', '../sub/./file'],
  ])
})

test.for([
  ['an absolute link', { bad: { link: '/etc/passwd' } }],
  ['a link to the parent', { bad: { link: '..' } }],
  ['a link that leaves and returns', { bad: { link: 'sub/../../x' }, 'sub/file': '' }],
  ['a link that leaves through another link', { 'p/q/top': { link: '../..' }, bad: { link: 'p/q/top/../x' } }],
  ['a link to a link that leaves', { 'p/out': { link: '../../x' }, bad: { link: 'p/out' } }],
] as const)('returns %s as a link, and passes its target to onOutsideLink', async ([, tree]) => {
  const directory = await makeTree(tree)
  const links = Object.entries(tree).flatMap(([path, entry]) => (typeof entry === 'object' ? [[path, entry.link]] : []))
  const entries = await collect(readBuildContext({ directory }))
  const found = entries.filter(({ type }) => type === 'symlink')
  expect(new Map(found.map(({ path, linkTarget }) => [path, linkTarget]))).toEqual(new Map(links as [string, string][]))
  const given: ContextEntry[] = []
  const onOutsideLink = (target: string) => {
    throw new Error(`refused ${target}`)
  }
  const reading = (async () => {
    for await (const entry of readBuildContext({ directory }, { onOutsideLink })) given.push(entry)
  })()
  await expect(reading).rejects.toThrow('refused')
  expect(given).toEqual([])
})

test('uses the given ignore file in place of .dockerignore if it exists', async () => {
  const tree = { '.dockerignore': 'a', 'b/X.dockerignore': 'c', a: '', c: '' }
  const directory = await makeTree(tree)
  for (const context of [{ directory }, { files: tree }]) {
    const list = async (ignoreFile: string) =>
      (await collect(readBuildContext(context, { ignoreFile }))).map(({ path }) => path)
    expect(await list('b/X.dockerignore')).toEqual(['.dockerignore', 'a', 'b', 'b/X.dockerignore'])
    expect(await list('Y.dockerignore')).toEqual(['.dockerignore', 'b', 'b/X.dockerignore', 'c'])
  }
})

test('uses the given rules in place of those of any file', async () => {
  const tree = { '.dockerignore': 'a', a: '', c: '' }
  const directory = await makeTree(tree)
  for (const context of [{ directory }, { files: tree }]) {
    const read = (dockerignoreText: string) => collect(readBuildContext(context, { dockerignoreText }))
    expect((await read('c')).map(({ path }) => path)).toEqual(['.dockerignore', 'a'])
    await expect(read('[')).rejects.toMatchObject({ facts: { field: 'dockerignoreText', given: '"["' } })
  }
})

test('does not check a link that .dockerignore excludes', async () => {
  const directory = await makeTree({ '.dockerignore': 'bad', bad: { link: '/etc/passwd' } })
  expect(await listPaths({ directory })).toEqual(['.dockerignore'])
})

test.for(['../x', 'a/../../x', '/x', 'a//b', './a', 'a/.', 'a/', '', 'a\0b', '..'])(
  'rejects the path %j in memory before any entry',
  async (path) => {
    const reading = collect(readBuildContext({ files: { good: '', [path]: '' } }))
    await expect(reading).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: `context.files[${JSON.stringify(path)}]`, given: JSON.stringify(path) },
    })
  },
)

test('returns names with special characters unchanged', async () => {
  const names = ['-rf', '$(id)', 'a\nb', 'a\\..\\b', ' ', '__proto__x', 'constructor']
  const files = Object.fromEntries(names.map((name) => [name, name]))
  expect(new Set(await listPaths({ files }))).toEqual(new Set(names))
  expect(new Set(await listPaths({ directory: await makeTree(files) }))).toEqual(new Set(names))
})

test('rejects a path below a file, an invalid content and an invalid context', async () => {
  await expect(listPaths({ files: { a: '', 'a/b': '' } })).rejects.toThrow('no path below the file "a"')
  const wrong: readonly unknown[] = [{ files: { a: 1 } }, { files: null }, { other: 1 }, 'text', { directory: '' }]
  for (const context of wrong) {
    const reading = listPaths(context as Parameters<typeof listPaths>[0]) // as a caller without types
    await expect(reading).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
})

test('rejects an absent directory and a file', async () => {
  const directory = await makeTree({ file: '' })
  for (const path of [join(directory, 'absent'), join(directory, 'file'), `${directory}\0`]) {
    await expect(listPaths({ directory: path })).rejects.toMatchObject({ facts: { field: 'context.directory' } })
  }
})

test('reads a directory through a link', async () => {
  const directory = await makeTree({ 'real/file': '', link: { link: 'real' } })
  expect(await listPaths({ directory: join(directory, 'link') })).toEqual(['file'])
})

test('rejects a named pipe and omits a socket, without waiting', async () => {
  const directory = await makeTree({ file: '' })
  const server = createServer().listen(join(directory, 'socket'))
  onTestFinished(() => void server.close())
  expect(await listPaths({ directory })).toEqual(['file'])
  await promisify(execFile)('mkfifo', [join(directory, 'pipe')])
  await expect(listPaths({ directory })).rejects.toThrow('context.directory["pipe"] must be a file')
  await writeFile(join(directory, '.dockerignore'), 'pipe')
  expect(await listPaths({ directory })).toEqual(['.dockerignore', 'file'])
})

test('rejects a name that is not UTF-8', async () => {
  const directory = await makeTree({ 'sub/file': '' })
  await writeFile(Buffer.concat([Buffer.from(join(directory, 'sub/')), Buffer.from([0xff])]), '')
  await expect(listPaths({ directory })).rejects.toThrow(
    'context.directory["sub"] must be a directory of names in UTF-8',
  )
})

test.for([
  ['longer', (path: string) => appendFile(path, 'more')],
  ['shorter', (path: string) => truncate(path, 3)],
  ['another file', (path: string) => writeFile(`${path}.new`, 'same size.').then(() => rename(`${path}.new`, path))],
  ['a link', (path: string) => rename(path, `${path}.old`).then(() => symlink(`${path}.old`, path))],
  ['absent', (path: string) => rename(path, `${path}.old`)],
] as const)('throws for a file that became %s after it was listed', async ([, change]) => {
  const directory = await makeTree({ file: 'ten bytes.' })
  const [entry] = await collect(readBuildContext({ directory }))
  await change(join(directory, 'file'))
  await expect(entry && readText(entry)).rejects.toMatchObject({
    code: 'OPERATION_FAILED',
    facts: { subject: '"file" in the build context' },
  })
})

test.for([
  ['longer', (path: string) => appendFile(path, 'more'), 'longer'],
  ['shorter', (path: string) => truncate(path, 65_536), 'shorter'],
] as const)('throws for a file that becomes %s while it is read', async ([, change, word]) => {
  const directory = await makeTree({ file: 'x'.repeat(200_000) })
  const [entry] = await collect(readBuildContext({ directory }))
  const blocks = entry?.open()[Symbol.asyncIterator]()
  await blocks?.next()
  await change(join(directory, 'file'))
  const rest = (async () => {
    while (!(await blocks?.next())?.done);
  })()
  await expect(rest).rejects.toThrow(`it became ${word} while it was read`)
})

test('rejects with the reason when it is aborted before, between entries and within a file', async () => {
  const directory = await makeTree({ a: 'x'.repeat(200_000), b: '' })
  const reason = new Error('enough')
  await expect(collect(readBuildContext({ directory }, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
  for (const context of [{ directory }, { files: { a: 'x', b: '' } }]) {
    const abort = new AbortController()
    const entries = readBuildContext(context, abort)[Symbol.asyncIterator]()
    const first: ContextEntry = (await entries.next()).value
    abort.abort(reason)
    await expect(readText(first)).rejects.toBe(reason)
    await expect(entries.next()).rejects.toBe(reason)
  }
})

test('reads a deep directory without following links', async () => {
  const directory = await makeTree({})
  await mkdir(join(directory, Array(60).fill('d').join('/')), { recursive: true })
  await symlink('.', join(directory, 'loop'))
  expect(await listPaths({ directory })).toHaveLength(61)
})

test('rejects with OPERATION_FAILED, path and system error when a directory cannot be read', async () => {
  const directory = await makeTree({ 'a/file': '', 'b/file': '' })
  let calls = 0
  const { signal } = new AbortController()
  // The signal is checked at the start and before each directory is read. The fourth check precedes b.
  signal.throwIfAborted = () => {
    calls += 1
    if (calls === 4) rmSync(join(directory, 'b'), { recursive: true })
  }
  await expect(collect(readBuildContext({ directory }, { signal }))).rejects.toMatchObject({
    code: 'OPERATION_FAILED',
    message: expect.stringMatching(/"b" in the build context.*ENOENT/),
  })
})

describe("readBuildContext with BuildKit's rules", () => {
  async function listPaths(files: Record<string, string>, builder: 'classic' | 'buildkit') {
    const entries = await collect(readBuildContext({ files }, { builder }))
    return entries.map(({ path }) => path)
  }

  it('includes ignored directories above an entry, before it and once', async () => {
    const files = {
      '.dockerignore': 'a\n!a/b/c\n!a/b/d\n!a/z',
      'a/a/x': '',
      'a/b/c': '',
      'a/b/d': '',
      'a/z': '',
      'e/f': '',
    }
    expect(await listPaths(files, 'buildkit')).toEqual([
      '.dockerignore',
      'a',
      'a/b',
      'a/b/c',
      'a/b/d',
      'a/z',
      'e',
      'e/f',
    ])
    expect(await listPaths(files, 'classic')).toEqual(['.dockerignore', 'a/b/c', 'a/b/d', 'a/z', 'e', 'e/f'])
  })

  it('reads ignored directories for exceptions that begin with a wildcard', async () => {
    const files = { '.dockerignore': '*\n!**/*.md', 'a/b/c.md': '', 'a/b/d': '', 'e/f': '' }
    expect(await listPaths(files, 'buildkit')).toEqual(['a', 'a/b', 'a/b/c.md'])
    expect(await listPaths(files, 'classic')).toEqual([])
  })

  it('does not read ignored directories for exceptions that end with a wildcard', async () => {
    const files = { '.dockerignore': '*\n!a/*', 'a/b/c': '', 'e/f': '' }
    expect(await listPaths(files, 'buildkit')).toEqual(['a', 'a/b', 'a/b/c'])
  })
})
