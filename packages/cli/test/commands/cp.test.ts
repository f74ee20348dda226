import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { packEntries, readArchive } from '@capstan/build-context'
import { fileTransferCapability, type RuntimePlugin } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCapstan } from '../support/run-capstan.js'

let plugins: readonly RuntimePlugin[]
let cwd: string

const capstan = (argv: readonly string[], more: object = {}) =>
  runCapstan(argv, { env: { CAPSTAN_RUNTIME: 'memory' }, plugins, cwd, ...more })

beforeEach(async () => {
  plugins = [memoryPlugin()]
  cwd = await mkdtemp(join(tmpdir(), 'capstan cp '))
  await mkdir(join(cwd, 'conf'))
  await writeFile(join(cwd, 'conf/a'), 'first\n')
  await writeFile(join(cwd, 'conf/b'), 'second\n')
  expect((await capstan(['run', '-d', '--name', 'web', 'busybox', 'sleep', '60'])).exitCode).toBe(0)
})
afterEach(() => rm(cwd, { recursive: true }))

describe('capstan cp', () => {
  it('copies a directory into a container and a file out of it, relative to the working directory', async () => {
    const copied = await capstan(['cp', 'conf', 'web:/etc'])
    expect(copied).toEqual({ exitCode: 0, stdout: '', stderr: 'Copied 3 entries (13 B) to web:/etc\n' })
    expect((await capstan(['exec', 'web', 'cat', '/etc/conf/b'])).stdout).toBe('second\n')
    expect(await capstan(['cp', '-q', 'web:etc/conf/a', '.'])).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect(await readFile(join(cwd, 'a'), 'utf8')).toBe('first\n')
    expect((await readdir(cwd)).sort()).toEqual(['a', 'conf'])
  })

  it('prints a JSON document', async () => {
    const { stdout } = await capstan(['cp', '--json', 'conf/.', 'web:/etc'])
    expect(JSON.parse(stdout)).toMatchObject({ from: 'conf/.', to: 'web:/etc', entries: 2, bytes: 13 })
  })

  it('extracts an archive from stdin, and writes one to stdout', async () => {
    const content = Buffer.from('piped')
    async function* open() {
      yield content
    }
    const entry = { path: 'piped', type: 'file', mode: 0o644, sizeBytes: 5, modifiedAt: undefined, open } as const
    const chunks: Uint8Array[] = []
    for await (const chunk of packEntries([entry])) chunks.push(chunk)
    expect((await capstan(['cp', '-', 'web:/etc'], { stdin: Buffer.concat(chunks) })).exitCode).toBe(0)
    const { stdout, exitCode } = await capstan(['cp', 'web:/etc/piped', '-'])
    expect(exitCode).toBe(0)
    const seen: string[] = []
    for await (const { header, content: read } of readArchive(toStream(stdout)))
      seen.push(header.name, await text(read))
    expect(seen).toEqual(['piped', 'piped'])
  })

  it('names the operand that is wrong, and exits with 125', async () => {
    const missing = await capstan(['cp', 'none', 'web:/etc'])
    expect(missing.exitCode).toBe(125)
    expect(missing.stderr).toContain('SRC must be the path of an existing file or directory')
    expect((await capstan(['cp', 'conf', 'web:/etc/passwd'])).stderr).toContain(
      'DEST must be a directory or an absent path',
    )
    expect((await capstan(['cp', 'web:/none', '.'])).stderr).toContain('has no path "/none"')
    expect((await capstan(['cp', 'conf', 'other:/etc'])).stderr).toContain('there is no container "other"')
    expect((await capstan(['cp', 'conf', 'copy'])).stderr).toContain('write CONTAINER:PATH')
  })

  it('exits with 125 and the reason where the runtime has no file transfer', async () => {
    plugins = [memoryPlugin({ without: [fileTransferCapability] })]
    const { exitCode, stderr } = await capstan(['cp', 'conf', 'web:/etc'])
    expect(exitCode).toBe(125)
    expect(stderr).toContain('file transfer')
  })
})

async function* toStream(content: string): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(content)
}
