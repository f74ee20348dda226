import { createHash } from 'node:crypto'
import { type FileHandle, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { type CallOptions, Code, createClient } from '@connectrpc/connect'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Content, type WriteContentRequestSchema } from '../../src/generated/content_pb.js'
import { BlobWriter, OciLayout } from '../../src/session/oci-layout.js'
import { openTestSession } from '../support/session-daemon.js'

describe('a local cache', () => {
  it('has a blob after its commit', async () => {
    const { content, directory, options } = await openStore()
    const sent = content.write(
      toStream([
        { action: stat, ref: 'one', total: 6n, expected: digestOf('abcdef') },
        { action: write, data: Buffer.from('abc') },
        { action: write, offset: 3n, data: Buffer.from('def') },
        { action: commit, offset: 6n, total: 6n, expected: digestOf('abcdef') },
      ]),
      options,
    )
    const answers = await readAll(sent)
    expect(answers.map(({ action, offset }) => [action, offset])).toEqual([
      [stat, 0n],
      [write, 3n],
      [write, 6n],
      [commit, 6n],
    ])
    expect(answers.at(-1)?.digest).toBe(digestOf('abcdef'))
    expect(await readFile(toPath(directory, 'abcdef'), 'utf8')).toBe('abcdef')
    expect((await content.info({ digest: digestOf('abcdef') }, options)).info?.size).toBe(6n)
  })

  it.each([
    { part: { offset: 0n, size: 0n }, text: 'abcdef' },
    { part: { offset: 2n, size: 3n }, text: 'cde' },
    { part: { offset: 4n, size: 100n }, text: 'ef' },
  ])('sends $text for the offset $part.offset and the size $part.size', async ({ part, text }) => {
    const { content, options } = await openStore(['abcdef'])
    const answers = await readAll(content.read({ digest: digestOf('abcdef'), ...part }, options))
    expect(Buffer.concat(answers.map(({ data }) => data)).toString()).toBe(text)
  })

  it('sends a blob of several blocks', async () => {
    const text = 'x'.repeat(1_000_000)
    const { content, options } = await openStore([text])
    const answers = await readAll(content.read({ digest: digestOf(text) }, options))
    expect(answers.map(({ offset }) => offset)).toEqual([0n, 262_144n, 524_288n, 786_432n])
    expect(Buffer.concat(answers.map(({ data }) => data)).toString() === text).toBe(true)
  })

  it('answers ALREADY_EXISTS for a blob that it has', async () => {
    const { content, options } = await openStore(['abc'])
    const sent = content.write(toStream([{ ref: 'one', expected: digestOf('abc') }]), options)
    await expect(readAll(sent)).rejects.toMatchObject({ code: Code.AlreadyExists })
  })

  it.each([
    { given: 'another digest', request: { expected: digestOf('other') }, code: Code.FailedPrecondition },
    { given: 'another size', request: { total: 4n }, code: Code.FailedPrecondition },
    {
      given: 'an offset that is not the next one',
      request: { offset: 7n, data: Buffer.from('d') },
      code: Code.OutOfRange,
    },
  ])('rejects the commit of $given, and keeps nothing', async ({ request, code }) => {
    const { content, directory, options } = await openStore()
    const messages = [{ ref: 'one' }, { action: write, data: Buffer.from('abc') }, { action: commit, ...request }]
    await expect(readAll(content.write(toStream(messages), options))).rejects.toMatchObject({ code })
    expect(await listFiles(directory)).toEqual([])
  })

  it('keeps nothing of a blob whose call ends without a commit', async () => {
    const { content, directory, options } = await openStore()
    await readAll(content.write(toStream([{ ref: 'one' }, { action: write, data: Buffer.from('abc') }]), options))
    expect(await listFiles(directory)).toEqual([])
  })

  it('answers NOT_FOUND for a missing blob and for an unknown store', async () => {
    const { content, options } = await openStore()
    const missing = { code: Code.NotFound }
    await expect(content.info({ digest: digestOf('abc') }, options)).rejects.toMatchObject(missing)
    await expect(content.info({ digest: digestOf('abc') })).rejects.toMatchObject(missing)
    await expect(readAll(content.read({ digest: digestOf('abc') }, options))).rejects.toMatchObject(missing)
  })

  it('opens no path outside of its directory, and keeps the error as the failure of the session', async () => {
    const { content, session, options } = await openStore()
    const reason = expect.stringContaining('../../etc/passwd is not a SHA-256 digest')
    await expect(content.info({ digest: '../../etc/passwd' }, options)).rejects.toMatchObject({ rawMessage: reason })
    expect(session.failure).toMatchObject({ code: 'OPERATION_FAILED', facts: { reason } })
  })

  it('rejects with OPERATION_FAILED when the directory cannot be created', async () => {
    const { content, directory, session, options } = await openStore()
    await writeFile(join(directory, 'ingest'), 'a file')
    await expect(readAll(content.write(toStream([{ ref: 'one' }]), options))).rejects.toMatchObject({
      code: Code.Unknown,
    })
    expect(session.failure).toMatchObject({ code: 'OPERATION_FAILED', facts: { subject: directory } })
    expect(session.failure?.message).toMatch(/^writing the cache of /)
  })

  it('keeps no file of a blob when the file cannot be closed', async () => {
    const { directory } = await openStore()
    const path = join(directory, 'part')
    await writeFile(path, 'abc')
    const file = { close: () => Promise.reject(new Error('EIO')) } as unknown as FileHandle
    const access = { run: <T>(action: () => Promise<T>) => action(), toPath: () => path }
    await expect(new BlobWriter(file, path, access).close()).rejects.toThrow('EIO')
    expect(await listFiles(directory)).toEqual([])
  })
})

/** Opens a session with a store that has these blobs. */
async function openStore(blobs: readonly string[] = []) {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-cache-test-'))
  const layout = new OciLayout(directory)
  for (const text of blobs) {
    const blob = await layout.createBlob()
    await blob.write(Buffer.from(text))
    await blob.commit()
    await blob.close()
  }
  const { session, caller } = await openTestSession({ stores: { 'local:cache': layout } })
  onTestFinished(async () => {
    await session.close()
    await rm(directory, { recursive: true })
  })
  const options: CallOptions = { headers: { 'buildkit-attachable-store-id': 'local:cache' } }
  return { content: createClient(Content, caller.transport), session, directory, options }
}

async function* toStream(requests: readonly MessageInitShape<typeof WriteContentRequestSchema>[]) {
  yield* requests
}

async function readAll<T>(messages: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const message of messages) all.push(message)
  return all
}

async function listFiles(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

function toPath(directory: string, text: string): string {
  return join(directory, 'blobs', ...digestOf(text).split(':'))
}

const [stat, write, commit] = [0, 1, 2]
