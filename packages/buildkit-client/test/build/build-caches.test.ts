import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readBuildCaches, tagLocalCaches } from '../../src/build/build-caches.js'
import type { BuildRequest } from '../../src/build/build-request.js'
import { OciLayout } from '../../src/session/oci-layout.js'

describe('the caches of a build', () => {
  it('are the given ones, with the digest of a local cache', async () => {
    const { directory, digest } = await makeCache('app')
    const { imports, exports, stores } = await readBuildCaches(
      toRequest({
        cacheFrom: [
          { type: 'registry', ref: 'registry.example/cache' },
          { type: 'local', src: directory, tag: 'app' },
        ],
        cacheTo: [{ type: 'local', dest: '/other', mode: 'max' }, { type: 'inline' }],
      }),
    )
    expect(imports).toEqual([
      { Type: 'registry', Attrs: { ref: 'registry.example/cache' } },
      { Type: 'local', Attrs: { src: directory, tag: 'app', digest } },
    ])
    expect(exports).toEqual([
      { Type: 'local', Attrs: { dest: '/other', mode: 'max' } },
      { Type: 'inline', Attrs: {} },
    ])
    expect(Object.keys(stores)).toEqual([`local:${directory}`, 'local:/other'])
  })

  it.each([
    { given: 'a directory that does not exist', fields: { src: '/no/such' }, reason: 'manifest with the tag latest' },
    { given: 'another tag', fields: {}, reason: 'manifest with the tag latest' },
    { given: 'a digest without a blob', fields: { digest: `sha256:${'0'.repeat(64)}` }, reason: 'sha256:000' },
  ])('leave out a local cache for $given, with a warning', async ({ fields, reason }) => {
    const { directory } = await makeCache('app')
    const cacheFrom = [{ type: 'local', src: directory, ...fields }]
    const { imports, stores, warnings } = await readBuildCaches(toRequest({ cacheFrom }))
    expect({ imports, stores, warnings }).toEqual({
      imports: [],
      stores: {},
      warnings: [expect.stringContaining(reason)],
    })
  })

  it('reject with OPERATION_FAILED for an index that is not JSON', async () => {
    const { directory } = await makeCache('app')
    await writeFile(join(directory, 'index.json'), '{')
    const result = readBuildCaches(toRequest({ cacheFrom: [{ type: 'local', src: directory }] }))
    await expect(result).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts: { subject: directory } })
    await expect(result).rejects.toThrow(`reading the cache of ${directory} failed: `)
  })

  it('get their tag after the build, and other tags are kept', async () => {
    const { directory, digest } = await makeCache('app')
    const caches = await readBuildCaches(toRequest({ cacheTo: [{ type: 'local', dest: directory }] }))
    const manifest = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest }
    for (const _ of [1, 2]) {
      expect(await tagLocalCaches(caches, { 'cache.manifest': JSON.stringify(manifest) })).toEqual([])
    }
    const index = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8'))
    expect(index.manifests).toEqual([
      { digest, annotations: { 'org.opencontainers.image.ref.name': 'app' } },
      { ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'latest' } },
    ])
    expect((await readdir(directory)).toSorted()).toEqual(['blobs', 'index.json', 'ingest', 'oci-layout'])
  })

  it('keep their tag, with a warning, when the manifest is that of another cache', async () => {
    const { directory, digest } = await makeCache('latest')
    const caches = await readBuildCaches(toRequest({ cacheTo: [{ type: 'local', dest: directory }] }))
    const manifest = { digest: `sha256:${'1'.repeat(64)}` }
    expect(await tagLocalCaches(caches, { 'cache.manifest': JSON.stringify(manifest) })).toEqual([
      expect.stringContaining(`${directory} does not get the tag latest`),
    ])
    expect(await new OciLayout(directory).findManifest('latest')).toBe(digest)
  })

  it.each(['{', 'null', '{"digest":7}', '{"digest":"abc"}'])(
    'reject with PROTOCOL_ERROR for the manifest %s',
    async (manifest) => {
      const caches = await readBuildCaches(toRequest({ cacheTo: [{ type: 'local', dest: '/no/such' }] }))
      const result = tagLocalCaches(caches, { 'cache.manifest': manifest })
      await expect(result).rejects.toMatchObject({ code: 'PROTOCOL_ERROR', facts: { excerpt: manifest } })
    },
  )

  it('get all tags of builds that end at the same time', async () => {
    const { directory, digest } = await makeCache('app')
    const tags = ['one', 'two', 'three', 'four']
    const tagAs = async (tag: string) => {
      const caches = await readBuildCaches(toRequest({ cacheTo: [{ type: 'local', dest: directory, tag }] }))
      await tagLocalCaches(caches, { 'cache.manifest': JSON.stringify({ digest }) })
    }
    await Promise.all(tags.map(tagAs))
    const layout = new OciLayout(directory)
    const found = await Promise.all(['app', ...tags].map((tag) => layout.findManifest(tag)))
    expect(found).toEqual([digest, digest, digest, digest, digest])
  })
})

function toRequest(caches: Partial<BuildRequest>): BuildRequest {
  return { context: { files: {} }, output: { type: 'cache-only' }, ...caches }
}

/** Makes a directory with a cache that has the tag. */
async function makeCache(tag: string) {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-cache-test-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const layout = new OciLayout(directory)
  const blob = await layout.createBlob()
  await blob.write(Buffer.from('{}'))
  await blob.commit()
  const { digest } = blob
  await blob.close()
  await layout.putManifest({ digest }, tag)
  return { directory, digest }
}
