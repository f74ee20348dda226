// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have this syntax
import { Readable } from 'node:stream'
import type { BuildOptions, BuildProgress } from '@capstan/core'
import { extract } from 'tar-stream'
import { expect, test } from 'vitest'
import type { DockerDetails } from '../../src/engine/docker-details.js'
import type { FakeHandler } from '../fake/fake-docker-engine.js'
import { buildImage } from '../run-operations.js'
import {
  empty,
  inTurn,
  json,
  refusal,
  type Script,
  type ScriptedEngine,
  startScriptedEngine,
  stream,
} from '../scripted-engine.js'

const id = `sha256:${'c'.repeat(64)}`
const absent = refusal(404, 'No such image')
const built = `{"stream":"Step 1/2 : FROM scratch"}\n{"aux":{"ID":"${id}"}}\n{"stream":"Successfully built cccccccccccc\\n"}\n`
const image = {
  dockerfile: 'FROM scratch\n',
  tag: 'app:1',
  credentialSources: { env: { DOCKER_CONFIG: '/nonexistent' } },
}

function start(
  answer: FakeHandler,
  inspect: FakeHandler = inTurn(absent, json(200, { Id: id, Os: 'linux', Architecture: 'amd64' })),
  untagged: FakeHandler = json(200, []),
  changes: Partial<DockerDetails> = {},
) {
  const script: Script = [
    ['POST /build', answer],
    ['GET /images/json', untagged],
    ['GET /images/*/json', inspect],
    ['DELETE /images/*', json(200, [])],
    ['POST /images/*/tag', empty(201)],
  ]
  return startScriptedEngine(script, changes)
}

async function readTar(body: Buffer): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  const archive = extract()
  Readable.from([body]).pipe(archive)
  for await (const entry of archive) {
    const blocks: Uint8Array[] = []
    for await (const block of entry as AsyncIterable<Uint8Array>) blocks.push(block)
    files[entry.header.name] = Buffer.concat(blocks).toString()
  }
  return files
}

function toRequest({ seen }: ScriptedEngine) {
  const request = seen.find(({ path }) => path === '/build')
  if (request === undefined) throw new Error('nothing was built')
  return request
}

test('sends options, labels, context and Dockerfile', async () => {
  const scripted = await start(stream([built]))
  await buildImage(scripted.engine, image, {
    context: { files: { Dockerfile: 'own', 'a/b': 'text' } },
    buildArgs: { A: '1' },
    labels: { team: 'x' },
    noCache: true,
    pull: true,
  })
  const { query, body, headers } = toRequest(scripted)
  const { dockerfile = '', ...rest } = Object.fromEntries(query)
  expect(rest).toEqual({ t: 'app:1', rm: '1', forcerm: '1', nocache: '1', pull: '1', buildargs: '{"A":"1"}' })
  expect(headers['content-type']).toBe('application/x-tar')
  const files = await readTar(body)
  expect(files).toMatchObject({ Dockerfile: 'own', 'a/b': 'text' })
  expect(files[dockerfile]).toMatch(
    /^FROM scratch\n\nLABEL .*"capstan\.owner\.pid"="\d+".*"capstan\.object"="image\..*"team"="x"\n$/,
  )
  expect(files['.dockerignore']).toBe(`.dockerignore\n${dockerfile}\n`)
})

test('sends a Dockerfile of the context unchanged, with labels as a parameter, and no file besides the context', async () => {
  const scripted = await start(stream([built]))
  const files = { 'ci/Dockerfile': image.dockerfile, '.dockerignore': 'x', a: 'text' }
  await buildImage(scripted.engine, image, { context: { files }, labels: { team: 'x' } })
  const { query, body } = toRequest(scripted)
  expect(query.get('dockerfile')).toBe('ci/Dockerfile')
  expect(JSON.parse(query.get('labels') ?? '')).toMatchObject({ team: 'x', 'capstan.lifetime': 'owner' })
  expect(await readTar(body)).toEqual({ ...files, 'ci/': '' })
})

test('sends a Dockerfile from outside the context under a name that .dockerignore excludes, and does not change .dockerignore', async () => {
  const scripted = await start(stream([built]))
  await buildImage(scripted.engine, image, { context: { files: { '.dockerignore': '*.log\n', a: 'text' } } })
  const { query, body } = toRequest(scripted)
  expect(query.get('dockerfile')).toBe('x.log')
  expect(await readTar(body)).toEqual({
    '.dockerignore': '*.log\n',
    a: 'text',
    'x.log': expect.stringMatching(/^FROM scratch\n\nLABEL /),
  })
})

test('sends the labels as a parameter when a target stage is set', async () => {
  const scripted = await start(stream([built]))
  await buildImage(scripted.engine, image, { target: 'a', labels: { team: 'x' } })
  const { query } = toRequest(scripted)
  expect(JSON.parse(query.get('labels') ?? '')).toMatchObject({ team: 'x', 'capstan.lifetime': 'owner' })
})

test('reports the steps of the parameter for labels of an engine that decides how many there are', async () => {
  const steps = `{"stream":"STEP 1/2: FROM scratch\\n"}\n{"stream":"STEP 2/2: LABEL \\"team\\"=\\"x\\"\\n"}\n{"aux":{"ID":"${id}"}}\n`
  const inspect = inTurn(absent, json(200, { Id: id, Os: 'linux', Architecture: 'amd64' }))
  const { engine } = await start(stream([steps]), inspect, json(200, []), { quirks: { hasOwnLabelSteps: true } })
  const lines: string[] = []
  const onProgress = ({ step, totalSteps }: BuildProgress) => void lines.push(`${step}/${totalSteps}`)
  await buildImage(engine, image, { target: 'a', labels: { team: 'x' }, onProgress })
  expect(lines).toEqual(['1/2', '2/2'])
})

test.for([
  ['status 500', refusal(500, 'out of order'), ['out of order']],
  ['status 400', refusal(400, 'dockerfile parse error line 1'), ['dockerfile parse error line 1']],
  ['an error in the stream', stream(['{"stream":"Step 1/2 : FROM x"}\n{"error":"no such base"}\n']), ['no such base']],
] as const)('rejects %s with BUILD_FAILED and the text of the engine', async ([, answer, lastLines]) => {
  const scripted = await start(answer)
  await expect(buildImage(scripted.engine, image)).rejects.toMatchObject({ code: 'BUILD_FAILED', facts: { lastLines } })
})

test('reports the exit code of a silent command once', async () => {
  const lines =
    '{"stream":"Step 2/3 : RUN false\\n"}\n{"errorDetail":{"code":1,"message":"The command \'/bin/sh -c false\' returned a non-zero code: 1"},"error":"The command \'/bin/sh -c false\' returned a non-zero code: 1"}\n'
  const scripted = await start(stream([lines]))
  await expect(buildImage(scripted.engine, image)).rejects.toMatchObject({
    message: 'the build failed at Step 2/2 : RUN false with exit code 1',
    facts: { exitCode: 1, lastLines: [] },
  })
})

test('reports step, command and exit code, also when only the text has them', async () => {
  const lines =
    '{"stream":"STEP 2/3: RUN make\\n"}\n{"stream":"cc: no input\\n"}\n{"error":"building at STEP \\"RUN make\\": while running runtime: exit status 2"}\n'
  const scripted = await start(stream([lines]))
  await expect(buildImage(scripted.engine, image)).rejects.toMatchObject({
    facts: { step: 'STEP 2/2: RUN make', command: 'RUN make', exitCode: 2, lastLines: ['cc: no input'] },
  })
})

test.for([
  ['is incomplete', stream(['{"stream":"Step 1/1"}\n'], 'cut'), 'CONNECTION_LOST'],
  ['ends without an image', stream(['{"stream":"Step 1/1 : FROM scratch\\n"}\n']), 'CONNECTION_LOST'],
  ['is not JSON', stream(['<html>']), 'PROTOCOL_ERROR'],
] as const)('rejects when the stream %s', async ([, answer, code]) => {
  const scripted = await start(answer)
  await expect(buildImage(scripted.engine, image)).rejects.toMatchObject({ code })
})

test('rejects when the tag does not exist after the build', async () => {
  const scripted = await start(stream([built]), absent)
  await expect(buildImage(scripted.engine, image)).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' })
})

test('rejects unsupported options before any request', async () => {
  const scripted = await start(stream([built]))
  const wrong = [
    buildImage(scripted.engine, image, { dns: ['1.1.1.1'] }),
    buildImage(scripted.engine, { ...image, tag: 'App' }),
    buildImage(scripted.engine, { ...image, dockerfile: ' ' }),
    buildImage(scripted.engine, image, { context: { files: { '../x': '' } } }),
    buildImage(scripted.engine, image, { context: { directory: '/nonexistent' } }),
  ]
  const codes = await Promise.all(wrong.map((building) => building.catch((error: { code: string }) => error.code)))
  expect(codes).toEqual(['OPTION_UNSUPPORTED', ...Array(4).fill('INVALID_ARGUMENT')])
  expect(scripted.seen).toEqual([])
})

test('rejects with OPTION_UNSUPPORTED and removes the image when the engine ignored the platform', async () => {
  const Labels = (scripted: ScriptedEngine) => ({
    Id: id,
    Os: 'linux',
    Architecture: 'amd64',
    Config: { Labels: scripted.engine.ownerLabels },
  })
  let scripted: ScriptedEngine | undefined
  const own: FakeHandler = (reply, request) => json(200, scripted && Labels(scripted))(reply, request)
  scripted = await start(stream([built]), inTurn(absent, own))
  await expect(buildImage(scripted.engine, image, { platform: 'linux/arm64' })).rejects.toMatchObject({
    code: 'OPTION_UNSUPPORTED',
    facts: { field: 'build.platform' },
  })
  expect(scripted.log().at(-1)).toBe('DELETE /images/app:1')
})

test('restores the tag after an abort when the image was built all the same', async () => {
  const before = `sha256:${'b'.repeat(64)}`
  const abort = new AbortController()
  const reason = new Error('enough')
  let scripted: ScriptedEngine | undefined
  const own: FakeHandler = (reply, request) =>
    json(200, { Id: id, Config: { Labels: scripted?.engine.ownerLabels } })(reply, request)
  scripted = await start(stream([built], 'silence'), inTurn(json(200, { Id: before }), own))
  const onProgress = () => abort.abort(reason)
  await expect(buildImage(scripted.engine, image, { signal: abort.signal, onProgress })).rejects.toBe(reason)
  expect(scripted.log().slice(-2)).toEqual([`POST /images/${before}/tag`, `DELETE /images/${id}`])
  await expect.poll(scripted.countConnections).toBeLessThanOrEqual(2) // those that are kept
})

test('builds once for all tags, and sends each tag once', async () => {
  const scripted = await start(stream([built]))
  await buildImage(scripted.engine, image, { tags: ['app:2', 'app:1', 'app:2', 'other:1'] })
  expect(scripted.log().filter((line) => line === 'POST /build')).toHaveLength(1)
  expect(toRequest(scripted).query.getAll('t')).toEqual(['app:1', 'app:2', 'other:1'])
})

test('rejects with IMAGE_NOT_FOUND when the image is not stored under a further tag', async () => {
  const scripted = await start(stream([built]), (reply, { path }) =>
    path.includes('app:2')
      ? reply.refuse(404, 'No such image')
      : reply.json(200, { Id: id, Os: 'linux', Architecture: 'amd64' }),
  )
  await expect(buildImage(scripted.engine, image, { tags: ['app:2'] })).rejects.toMatchObject({
    code: 'IMAGE_NOT_FOUND',
    facts: { image: 'app:2' },
  })
})

test('rejects with INVALID_ARGUMENT for a bad further tag before any request', async () => {
  const scripted = await start(stream([built]))
  await expect(buildImage(scripted.engine, image, { tags: ['app:2', 'App'] })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    facts: { field: 'tags[1]' },
  })
  expect(scripted.seen).toEqual([])
})

test.each([
  ['an abort', stream([built], 'silence'), {}],
  ['a build for another platform than the requested one', stream([built]), { platform: 'linux/arm64' }],
])('restores all tags after %s', async (_, answer, options: BuildOptions) => {
  const before = `sha256:${'b'.repeat(64)}`
  const images = new Set([before, id])
  const tags = new Map([['app:2', before]])
  const toTags = (image: string) => [...tags].filter(([, tagged]) => tagged === image).map(([name]) => name)
  let labels: Readonly<Record<string, string>> = {}
  const scripted = await startScriptedEngine([
    [
      'POST /build',
      (reply, request) => {
        for (const tag of request.query.getAll('t')) tags.set(tag, id)
        answer(reply, request)
      },
    ],
    ['GET /images/json', (reply) => reply.json(200, [...tags.values()].includes(before) ? [] : [{ Id: before }])],
    [
      'GET /images/*/json',
      (reply, { path }) => {
        const Id = tags.get(path.slice('/images/'.length, -'/json'.length))
        if (Id === undefined) return reply.refuse(404, 'No such image')
        reply.json(200, { Id, RepoTags: toTags(Id), Os: 'linux', Architecture: 'amd64', Config: { Labels: labels } })
      },
    ],
    [
      'POST /images/*/tag',
      (reply, { path, query }) => {
        const image = path.split('/')[2] ?? ''
        if (!images.has(image)) return reply.refuse(404, `No such image: ${image}`)
        tags.set(`${query.get('repo')}:${query.get('tag')}`, image)
        reply.raw(201, '')
      },
    ],
    [
      'DELETE /images/*',
      (reply, { path }) => {
        const name = path.slice('/images/'.length)
        images.delete(name)
        tags.delete(name)
        reply.json(200, [])
      },
    ],
  ])
  labels = scripted.engine.ownerLabels
  const abort = new AbortController()
  const onProgress = () => void (options.platform === undefined && abort.abort('enough'))
  const given = { ...options, tags: ['app:2', 'app:3'], signal: abort.signal, onProgress }
  await expect(buildImage(scripted.engine, image, given)).rejects.toBeDefined()
  expect([...tags]).toEqual([['app:2', before]])
  expect(scripted.log().filter((line) => line.startsWith('DELETE'))).toContain('DELETE /images/app:3')
})

test('removes only the untagged image after an abort between the last step and the tag', async () => {
  const abort = new AbortController()
  const older = { Id: `sha256:${'a'.repeat(64)}` }
  const untagged = inTurn(json(200, [older]), json(200, [older]), json(200, [older, { Id: id }]))
  const scripted = await start(stream(['{"stream":"Step 1/2 : FROM scratch\\n"}\n'], 'silence'), absent, untagged)
  const onProgress = () => abort.abort('enough')
  await expect(buildImage(scripted.engine, image, { signal: abort.signal, onProgress })).rejects.toBe('enough')
  expect(scripted.log().filter((line) => line.startsWith('DELETE'))).toEqual([`DELETE /images/${id}`])
  const { filters } = Object.fromEntries(scripted.seen.find(({ path }) => path === '/images/json')?.query ?? [])
  const labels = Object.entries(scripted.engine.ownerLabels).map(([key, value]) => `${key}=${value}`)
  expect(JSON.parse(filters ?? '')).toMatchObject({ dangling: ['true'], label: expect.arrayContaining(labels) })
})

test('sends only the credentials of the registries in the Dockerfile', async () => {
  const auth = Buffer.from('user:SECRET').toString('base64')
  const config = { auths: { 'r.example': { auth }, 'other.example': { auth } } }
  const scripted = await start(refusal(500, 'denied'))
  const failure: unknown = await buildImage(scripted.engine, {
    dockerfile: 'FROM r.example/a\n',
    tag: 'app:1',
    credentialSources: { env: { DOCKER_AUTH_CONFIG: JSON.stringify(config), DOCKER_CONFIG: '/nonexistent' } },
  }).catch((error: unknown) => error)
  const header = String(toRequest(scripted).headers['x-registry-config'])
  expect(Object.keys(JSON.parse(Buffer.from(header, 'base64url').toString()))).toEqual(['r.example'])
  expect(JSON.stringify(failure) + String(failure)).not.toMatch(/SECRET/)
})

test.each<[string, string, Readonly<Record<string, string>>?]>([
  ['a default', 'ARG REGISTRY=r.example\nFROM $REGISTRY/a'],
  ['defaults of one line', 'ARG REGISTRY=r.example IMAGE=$REGISTRY/a\nFROM $IMAGE'],
  ['an alternate', 'ARG X=1\nFROM ${X:+r.example/a}'],
  ['the escape directive', '# escape=`\nFROM `\n  r.example/a'],
  ['ONBUILD', 'FROM scratch\nONBUILD COPY --from=r.example/a /x /y'],
  ['COPY --from', 'FROM scratch\nCOPY --chown=1 --from=r.example/a /x /y'],
  ['a build argument', 'ARG REGISTRY=other.example\nFROM $REGISTRY/a', { REGISTRY: 'r.example' }],
])('sends credentials of the registry of an image that is named by %s', async (_, dockerfile, buildArgs = {}) => {
  const config = { auths: { 'r.example': { username: 'user', password: 'p' } } }
  const scripted = await start(refusal(500, 'denied'))
  const credentialSources = { env: { DOCKER_AUTH_CONFIG: JSON.stringify(config), DOCKER_CONFIG: '/nonexistent' } }
  await buildImage(scripted.engine, { dockerfile, tag: 'app:1', credentialSources }, { buildArgs }).catch(() => {})
  const header = String(toRequest(scripted).headers['x-registry-config'])
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ 'r.example': { username: 'user' } })
})
