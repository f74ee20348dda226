import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { type ArchiveEntry, packEntries, readArchive, readOwner } from '../src/index.js'

describe('readArchive', () => {
  it('yields the entries of packEntries with their content, owners and links', async () => {
    const seen = []
    for await (const { header, content } of readArchive(
      packEntries([file('a', 'text'), link('b', 'a'), file('c', '')]),
    )) {
      seen.push([header.name, header.type, header.linkname, readOwner(header), await text(content)])
    }
    const owner = { uid: 3_000_000, gid: 7 }
    expect(seen).toEqual([
      ['a', 'file', null, owner, 'text'],
      ['b', 'symlink', 'a', owner, ''],
      ['c', 'file', null, owner, ''],
    ])
  })

  it('skips content that is not read, and stops reading when the loop is left', async () => {
    let isStopped = false
    async function* source() {
      try {
        yield* packEntries([file('a', 'x'.repeat(100_000)), file('b', 'y'.repeat(100_000)), file('c', '')])
        await new Promise(() => {})
      } finally {
        isStopped = true
      }
    }
    const names: string[] = []
    for await (const { header } of readArchive(source())) {
      names.push(header.name)
      if (header.name === 'b') break
    }
    expect(names).toEqual(['a', 'b'])
    await expect.poll(() => isStopped).toBe(true)
  })

  it('throws the error of the source and the reason of an abort unchanged, also while content is read', async () => {
    const failure = new Error('the source has failed')
    async function* broken() {
      for await (const chunk of packEntries([file('a', 'x'.repeat(100_000))])) {
        yield chunk.subarray(0, 600)
        throw failure
      }
    }
    await expect(readAll(broken())).rejects.toBe(failure)
    const stop = new AbortController()
    async function* silent() {
      for await (const chunk of packEntries([file('a', 'x'.repeat(100_000))])) {
        yield chunk.subarray(0, 600)
        stop.abort(failure)
        await new Promise(() => {})
      }
    }
    await expect(readAll(silent(), stop.signal)).rejects.toBe(failure)
  })

  it('throws OPERATION_FAILED for an archive that ends early', async () => {
    async function* cut() {
      for await (const chunk of packEntries([file('a', 'x'.repeat(4000))])) return void (yield chunk.subarray(0, 600))
    }
    await expect(readAll(cut())).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
  })
})

async function readAll(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
  for await (const { content } of readArchive(source, { signal })) await text(content)
}

function file(path: string, content: string): ArchiveEntry {
  async function* open(): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from(content)
  }
  return { ...common(path), type: 'file', sizeBytes: content.length, open }
}

function link(path: string, linkTarget: string): ArchiveEntry {
  async function* open(): AsyncGenerator<Uint8Array, void> {}
  return { ...common(path), type: 'symlink', sizeBytes: 0, linkTarget, open }
}

function common(path: string) {
  return { path, mode: 0o644, modifiedAt: new Date(0), uid: 3_000_000, gid: 7 }
}
