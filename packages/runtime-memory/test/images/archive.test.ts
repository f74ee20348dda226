import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import { readTar } from '../../src/simulation/files/read-archive.js'
import { runToEnd } from '../support/collect.js'
import { openMemory } from '../support/open-memory.js'

const dockerfile = `FROM busybox
COPY . /files/
ENV WHO=me
USER nobody
WORKDIR /files
ENTRYPOINT ["cat"]
CMD ["note"]`
const context = { files: { note: 'kept\n', 'deep/er': 'x' } }

describe('saveImage and loadImages', () => {
  it('transfer an image from one simulation to another', async () => {
    await using one = await openMemory()
    await one.builder.buildImage(dockerfile, 'app:1', { context })
    const [saved] = await one.runtime.listImages({ labels: { 'capstan.owner.pid': String(process.pid) } })
    await using other = await openMemory()
    expect(await other.images.loadImages(await one.images.saveImage('app:1'))).toEqual(['app:1'])
    const [loaded] = (await other.runtime.listImages()).filter(({ tags }) => tags.includes('app:1'))
    expect(loaded?.id).toBe(saved?.id)
    expect(await runToEnd(other.runtime, { image: 'app:1' })).toMatchObject({ exitCode: 0, stdout: 'kept\n' })
  })

  it('transfer the key of the programs but not the programs', async () => {
    await using memory = await openMemory({ images: { 'app:1': { main: async () => 7 } } })
    const archive = await buffer(await memory.images.saveImage('app:1'))
    await memory.runtime.removeImage('app:1')
    await memory.images.loadImages(toStream(archive))
    expect((await runToEnd(memory.runtime, { image: 'app:1' })).exitCode).toBe(7)
  })

  it('write an archive like docker: a manifest, a config with the digests of the layers, and the layers', async () => {
    await using memory = await openMemory()
    await memory.builder.buildImage(dockerfile, 'app:1', { context })
    const archive = await buffer(await memory.images.saveImage('app:1'))
    const entries = await readTar(toStream(archive), new AbortController().signal)
    const members = new Map(entries.map(({ header, bytes }) => [header.name, bytes]))
    const [manifest] = JSON.parse(String(members.get('manifest.json')))
    expect(manifest.RepoTags).toEqual(['app:1'])
    const config = JSON.parse(String(members.get(manifest.Config)))
    expect(config).toMatchObject({
      os: 'linux',
      config: { User: 'nobody', WorkingDir: '/files', Entrypoint: ['cat'], Cmd: ['note'] },
    })
    const layer = members.get(manifest.Layers[0]) ?? Buffer.alloc(0)
    expect(config.rootfs.diff_ids).toEqual([`sha256:${createHash('sha256').update(layer).digest('hex')}`])
    const files = await readTar(toStream(layer), new AbortController().signal)
    expect(files.map(({ header }) => header.name)).toContain('files/deep/er')
  })

  it('load an OCI layout with compressed layers and whiteouts', async () => {
    await using memory = await openMemory()
    const layers = await Promise.all([
      packAll({ 'a/old': 'old', 'a/kept': 'kept', 'b/gone': 'gone' }),
      packAll({ 'a/.wh.old': '', 'b/.wh..wh..opq': '', 'bin/cat': 'marker' }),
    ])
    const blobs = layers.map((layer) => gzipSync(layer))
    const config = Buffer.from(JSON.stringify({ config: { Env: ['A=b=c'], Cmd: ['cat', '/a/kept'] } }))
    const manifest = Buffer.from(JSON.stringify({ config: toDescriptor(config), layers: blobs.map(toDescriptor) }))
    const index = {
      manifests: [{ ...toDescriptor(manifest), annotations: { 'org.opencontainers.image.ref.name': 'oci:1' } }],
    }
    const archive = await packAll({
      'index.json': JSON.stringify(index),
      ...Object.fromEntries([config, manifest, ...blobs].map((blob) => [`blobs/sha256/${digest(blob)}`, blob])),
    })
    expect(await memory.images.loadImages(toStream(archive))).toEqual(['oci:1'])
    const id = await memory.runtime.createContainer({ image: 'oci:1', entrypoint: ['/bin/cat'], command: ['/a/old'] })
    await expect(memory.runtime.startContainer(id)).rejects.toMatchObject({ facts: { exitCode: 126 } })
    await memory.builder.buildImage('FROM busybox\nCOPY --from=oci:1 /a /b* /', 'look')
    expect((await runToEnd(memory.runtime, { image: 'look', command: ['ls', '/'] })).stdout).not.toMatch(/old|gone/)
  })

  it.each([
    ['an input that is not a tar', Buffer.from('x'.repeat(1024)), 'tar header'],
    ['an empty archive', Buffer.alloc(1024), 'index.json'],
  ])('reject %s', async (_, bytes, reason) => {
    await using memory = await openMemory()
    await expect(memory.images.loadImages(toStream(bytes))).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { operation: 'loadImages', reason: expect.stringContaining(reason) },
    })
  })

  it('pass on what the caller’s own stream throws', async () => {
    await using memory = await openMemory()
    const error = new Error('disk')
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(512)
      throw error
    }
    await expect(memory.images.loadImages(broken())).rejects.toBe(error)
  })

  it('reject when aborted while the source sends nothing', async () => {
    await using memory = await openMemory()
    const abort = new AbortController()
    async function* silent(): AsyncGenerator<Uint8Array> {
      await new Promise(() => {})
    }
    const loading = memory.images.loadImages(silent(), { signal: abort.signal })
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(loading).rejects.toBe(reason)
  })

  it('reject with IMAGE_NOT_FOUND for a missing image', async () => {
    await using memory = await openMemory()
    await expect(memory.images.saveImage('none')).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' })
  })

  it('reject with the reason of an aborted signal', async () => {
    await using memory = await openMemory()
    const abort = new AbortController()
    const stream = await memory.images.saveImage('busybox', { signal: abort.signal })
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(buffer(stream)).rejects.toBe(reason)
  })
})

async function* toStream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
}

async function packAll(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const archive = pack()
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content)
  archive.finalize()
  return await buffer(archive as AsyncIterable<Uint8Array>)
}

function digest(blob: Uint8Array): string {
  return createHash('sha256').update(blob).digest('hex')
}

function toDescriptor(blob: Uint8Array) {
  return { digest: `sha256:${digest(blob)}`, size: blob.length }
}
