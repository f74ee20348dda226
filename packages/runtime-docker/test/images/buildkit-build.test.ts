import type { BuildOptions, BuildProgress } from '@capstan/core'
import { expect, onTestFinished, test } from 'vitest'
import { FakeDaemon, type FakeDaemonOptions } from '../../../buildkit-client/test/support/fake-daemon.js'
import { buildImage } from '../run-operations.js'
import { inTurn, json, type ScriptedEngine, startScriptedEngine, stream } from '../scripted-engine.js'

interface StoredImage {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
}

interface StartedEngine extends ScriptedEngine {
  /** The images by tag. */
  readonly tags: Map<string, string>
  /** The ids of all images. */
  readonly images: Map<string, StoredImage>
  /** Called before an image gets a tag. A returned text is the error of the engine. */
  onTag: (tag: string) => string | undefined
}

/** A fake engine with a fake BuildKit. `earlier`: the tags of an image that exists before. */
async function start(options: FakeDaemonOptions = {}, earlier: readonly string[] = []): Promise<StartedEngine> {
  const daemon = new FakeDaemon({ store: 'docker', ...options })
  onTestFinished(() => daemon.close())
  const before = `sha256:${'b'.repeat(64)}`
  const tags = new Map(earlier.map((tag) => [tag, before]))
  const images = new Map<string, StoredImage>(earlier.length > 0 ? [[before, { id: before, labels: {} }]] : [])
  const listTags = (id: string) => [...tags].filter(([, tagged]) => tagged === id).map(([tag]) => tag)
  const find = (path: string) => {
    const name = path.slice('/images/'.length).replace(/\/(json|tag)$/, '')
    return images.get(name) ?? images.get(tags.get(name) ?? '')
  }
  const scripted = await startScriptedEngine(
    [
      ['POST /grpc', (reply) => daemon.serve(reply.upgrade({ headers: { Upgrade: 'h2c' } }))],
      [
        'GET /images/json',
        (reply) =>
          reply.json(
            200,
            [...images.keys()].filter((id) => listTags(id).length === 0).map((Id) => ({ Id })),
          ),
      ],
      [
        'GET /images/*/json',
        (reply, { path }) => {
          const image = find(path)
          if (image === undefined) return reply.refuse(404, 'No such image')
          const { id: Id, labels: Labels } = image
          reply.json(200, { Id, RepoTags: listTags(Id), Os: 'linux', Architecture: 'amd64', Config: { Labels } })
        },
      ],
      [
        'POST /images/*/tag',
        (reply, { path, query }) => {
          const tag = `${query.get('repo')}:${query.get('tag')}`
          const id = path.split('/')[2] ?? ''
          const problem = started.onTag(tag)
          if (problem !== undefined) return reply.refuse(500, problem)
          // BuildKit has stored the image before it gets a tag.
          if (!images.has(id)) images.set(id, { id, labels: scripted.engine.ownerLabels })
          tags.set(tag, id)
          reply.raw(201, '')
        },
      ],
      [
        'DELETE /images/*',
        (reply, { path }) => {
          const name = path.slice('/images/'.length)
          const id = tags.get(name) ?? name
          tags.delete(name)
          if (listTags(id).length === 0) images.delete(id)
          reply.json(200, [])
        },
      ],
    ],
    { absent: [] },
  )
  const started: StartedEngine = { ...scripted, tags, images, onTag: () => undefined }
  return started
}

const image = {
  dockerfile: 'FROM scratch\nCOPY a /a\n',
  tag: 'app:1',
  credentialSources: { env: { DOCKER_CONFIG: '/nonexistent' } },
}
const context = { files: { a: 'text' } }

test("builds with the engine's BuildKit, and gives one image all tags", async () => {
  const { engine, tags, log } = await start()
  await buildImage(engine, image, { context, tags: ['app:2', 'app:1'] })
  const [id] = tags.values()
  expect([...tags]).toEqual([
    ['app:1', id],
    ['app:2', id],
  ])
  expect(log()).not.toContain('POST /build')
})

test('builds for a platform without an architecture', async () => {
  const { engine, tags } = await start()
  await buildImage(engine, image, { context, platform: 'linux' })
  expect([...tags.keys()]).toEqual(['app:1'])
})

test('reports steps with their numbers, and the output of a command', async () => {
  const { engine } = await start()
  const lines: BuildProgress[] = []
  const dockerfile = 'FROM scratch AS base\nCOPY a /a\nRUN echo said && echo failed >&2\n'
  await buildImage(engine, { ...image, dockerfile }, { context, onProgress: (line) => void lines.push(line) })
  expect(lines).toContainEqual({ step: 2, totalSteps: 2, stream: 'stdout', text: 'said' })
  expect(lines).toContainEqual({ step: 2, totalSteps: 2, stream: 'stderr', text: 'failed' })
  expect(lines.find(({ text }) => text.includes('RUN echo said'))?.text).toMatch(/^\[.*2\/2\] RUN echo said/)
})

test('rejects with BUILD_FAILED, step, command, exit code and output, and changes no tag', async () => {
  const { engine, tags, log } = await start({}, ['app:1'])
  const dockerfile = 'FROM scratch\nCOPY a /a\nRUN echo on the way; exit 9\n'
  await expect(buildImage(engine, { ...image, dockerfile }, { context })).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    facts: {
      step: expect.stringMatching(/2\/2\] RUN/),
      command: 'RUN echo on the way; exit 9',
      exitCode: 9,
      lastLines: expect.arrayContaining(['on the way']),
      source: { file: 'Dockerfile', line: 3 },
    },
  })
  expect([...tags]).toEqual([['app:1', `sha256:${'b'.repeat(64)}`]])
  expect(log().filter((line) => /^(DELETE|POST \/images)/.test(line))).toEqual([])
})

test.each<[string, BuildOptions]>([
  ['name servers', { dns: ['1.1.1.1'] }],
  ['a file outside of the context', { context: { files: { '../x': '' } } }],
  ['a missing directory', { context: { directory: '/nonexistent' } }],
  ['an invalid tag', { tags: ['App'] }],
])('rejects %s without a build', async (_, options) => {
  const { engine, log } = await start()
  await expect(buildImage(engine, image, options)).rejects.toMatchObject({
    code: expect.stringMatching(/^(OPTION_UNSUPPORTED|INVALID_ARGUMENT)$/),
  })
  expect(log().filter((line) => /^POST \/(images|build)/.test(line))).toEqual([])
})

test('restores the tags and removes the image when a tag cannot be set', async () => {
  const started = await start({}, ['app:1'])
  started.onTag = (tag) => (tag === 'app:3' ? 'the disk is full' : undefined)
  const building = buildImage(started.engine, image, { context, tags: ['app:2', 'app:3'] })
  await expect(building).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
  const before = `sha256:${'b'.repeat(64)}`
  expect([...started.tags]).toEqual([['app:1', before]])
  expect([...started.images.keys()]).toEqual([before])
})

test('restores the tags after an abort while the tags are set', async () => {
  const started = await start({}, ['app:2'])
  const abort = new AbortController()
  started.onTag = (tag) => {
    if (tag === 'app:2') abort.abort('enough')
    return undefined
  }
  const building = buildImage(started.engine, image, { context, tags: ['app:2'], signal: abort.signal })
  await expect(building).rejects.toBe('enough')
  const before = `sha256:${'b'.repeat(64)}`
  expect([...started.tags]).toEqual([['app:2', before]])
  expect([...started.images.keys()]).toEqual([before])
})

test('stops a running step at an abort, and rejects with the reason itself', async () => {
  const { engine, tags } = await start()
  const abort = new AbortController()
  const reason = new Error('enough')
  const onProgress = ({ text }: BuildProgress) => void (text.includes('RUN hang') && abort.abort(reason))
  const dockerfile = 'FROM scratch\nCOPY a /a\nRUN hang\n'
  const building = buildImage(engine, { ...image, dockerfile }, { context, onProgress, signal: abort.signal })
  await expect(building).rejects.toBe(reason)
  expect([...tags]).toEqual([])
})

test('ends the build with the error that onProgress throws', async () => {
  const { engine, tags } = await start()
  const error = new Error('the terminal is gone')
  const onProgress = () => {
    throw error
  }
  await expect(buildImage(engine, image, { context, onProgress })).rejects.toBe(error)
  expect([...tags]).toEqual([])
})

test('rejects with CONNECTION_LOST when the connection ends during the build', async () => {
  const { engine, tags } = await start({ faults: [{ at: 'step', kind: 'cut' }] })
  const dockerfile = `${image.dockerfile}RUN true\n`
  await expect(buildImage(engine, { ...image, dockerfile }, { context })).rejects.toMatchObject({
    code: 'CONNECTION_LOST',
  })
  expect([...tags]).toEqual([])
})

test('builds with the classic builder when a proxy refuses the connection to BuildKit', async () => {
  const id = `sha256:${'c'.repeat(64)}`
  const scripted = await startScriptedEngine(
    [
      ['POST /grpc', (reply) => reply.refuse(403, 'forbidden by the proxy')],
      ['POST /build', stream([`{"aux":{"ID":"${id}"}}\n`])],
      ['GET /images/json', json(200, [])],
      ['GET /images/*/json', inTurn((reply) => reply.refuse(404, 'No such image'), json(200, { Id: id }))],
    ],
    { absent: [] },
  )
  await buildImage(scripted.engine, image, { context })
  expect(scripted.log()).toContain('POST /build')
})

test("rejects a platform that differs from that of a local base image with containerd's image store", async () => {
  const dockerfile = 'FROM app:0\nCOPY a /a\n'
  const { engine, tags } = await start({ store: 'containerd' }, ['app:0'])
  const building = buildImage(engine, { ...image, dockerfile }, { context, platform: 'linux/arm64' })
  await expect(building).rejects.toMatchObject({ code: 'OPTION_UNSUPPORTED', facts: { field: 'build.platform' } })
  expect([...tags.keys()]).toEqual(['app:0'])
})

test('runs builds at the same time', async () => {
  const { engine, tags } = await start()
  const names = Array.from({ length: 10 }, (_, index) => `app:${index}`)
  await Promise.all(
    names.map((tag) =>
      buildImage(engine, { ...image, tag, dockerfile: `${image.dockerfile}ENV TAG=${tag}\n` }, { context }),
    ),
  )
  expect([...tags.keys()].toSorted()).toEqual(names)
  expect(new Set(tags.values()).size).toBe(10)
})

test('sends the credentials of each registry that BuildKit connects to', async () => {
  const { engine, tags } = await start({
    images: { 'r.example/base:1': { username: 'user', password: 'SECRET' } },
  })
  const config = { auths: { 'r.example': { username: 'user', password: 'SECRET' } } }
  const credentialSources = { env: { DOCKER_AUTH_CONFIG: JSON.stringify(config), DOCKER_CONFIG: '/nonexistent' } }
  const dockerfile = 'FROM r.example/base:1\n'
  await buildImage(engine, { ...image, dockerfile, credentialSources })
  expect(tags.size).toBe(1)
  const tag = 'app:2'
  await expect(buildImage(engine, { ...image, dockerfile, tag }, { noCache: true })).rejects.toMatchObject({
    code: 'BUILD_FAILED',
  })
})
