import { link, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BuildContext } from '@capstan/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { BuildRequest } from '../../src/build/build-request.js'
import { readContextFiles } from '../../src/build/context-files.js'

const read = (context: BuildContext, rest: Partial<BuildRequest> = {}) =>
  readContextFiles({ context, output: { type: 'cache-only' }, ...rest }, {})
const listNames = async (files: Readonly<Record<string, string>>) =>
  (await read({ files })).list.split('\n').map((line) => line.split(' ')[0])

describe('readContextFiles', () => {
  it('lists one line per file: a hash of path and size, the second, and a hash of the content', async () => {
    const { list } = await read({ files: { 'a/b': 'text', c: 'other' } })
    const [first, second, end] = list.split('\n')
    expect(first).toMatch(/^[0-9a-f]{32} 0 s[0-9a-f]{40}$/)
    expect(second).toMatch(/^[0-9a-f]{32} 0 s[0-9a-f]{40}$/)
    expect(end).toBe('')
  })

  it('lists another hash when path or size differ, and the same when only the content differs', async () => {
    const [name] = await listNames({ a: 'one' })
    expect(await listNames({ a: 'two' })).toContain(name)
    expect(await listNames({ a: 'three' })).not.toContain(name)
    expect(await listNames({ b: 'one' })).not.toContain(name)
  })

  it('sets the times by line number, in the order of the context', async () => {
    const files = await read({ files: { 'a/b': 'text', c: 'other' } })
    const entries = files.toEntries(new Map([[2, 7]]))
    expect(entries.map(({ path, modifiedAt }) => [path, modifiedAt?.getTime()])).toEqual([
      ['a', undefined],
      ['a/b', 0],
      ['c', 7000],
    ])
  })

  it('lists a file with several names once, and gives all names one time', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'capstan-names-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    await writeFile(join(directory, 'a'), 'text')
    await link(join(directory, 'a'), join(directory, 'b'))
    await writeFile(join(directory, 'c'), 'other')
    const files = await read({ directory })
    expect(files.list.trimEnd().split('\n')).toHaveLength(2)
    const answer = [7, 8].map((second, index) => [index + 1, second] as const)
    expect(files.toEntries(new Map(answer)).map(({ path, modifiedAt }) => [path, modifiedAt?.getTime()])).toEqual([
      ['a', 7000],
      ['b', 7000],
      ['c', 8000],
    ])
  })

  it('omits files that .dockerignore excludes, except the Dockerfile', async () => {
    const files = { '.dockerignore': '*', Dockerfile: 'FROM scratch', dropped: '' }
    const entries = (await read({ files })).toEntries(new Map())
    expect(entries.map(({ path }) => path)).toEqual(['.dockerignore', 'Dockerfile'])
  })
})
