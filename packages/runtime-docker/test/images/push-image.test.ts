import { inspect } from 'node:util'
import type { PushProgress } from '@capstan/core'
import { expect, test } from 'vitest'
import { type PushImageOptions, pushImage } from '../../src/images/push-image.js'
import type { FakeHandler } from '../fake/fake-docker-engine.js'
import { json, refusal, type ScriptedEngine, silence, startScriptedEngine, stream } from '../scripted-engine.js'

const id = `sha256:${'c'.repeat(64)}`
const digest = `sha256:${'d'.repeat(64)}`
const done = `{"status":"1: digest: ${digest} size: 528"}\n{"progressDetail":{},"aux":{"Tag":"1","Digest":"${digest}","Size":528}}\n`
const image = 'r.example:5000/team/app:1'

function start(answer: FakeHandler, found: FakeHandler = json(200, { Id: id })): Promise<ScriptedEngine> {
  return startScriptedEngine([
    ['POST /images/*/push', answer],
    ['GET /images/*/json', found],
  ])
}

function push({ engine }: ScriptedEngine, options: PushImageOptions = {}, reference = image) {
  return pushImage(engine, reference, { credentialSources: { env: { DOCKER_CONFIG: '/nonexistent' } }, ...options })
}

test('resolves with the digest, and reports progress of the layers and of the image', async () => {
  const lines = [
    '{"status":"The push refers to repository [r.example/app]"}\n{"status":"Preparing","progressDetail":{},"id":"l1"}\n',
    '{"status":"Pushing","progressDetail":{"current":1,"total":2},"id":"l1"}\n{"status":"Pushed","id":"l1"}\n',
    done,
  ]
  const events: PushProgress[] = []
  const scripted = await start(stream(lines))
  expect(await push(scripted, { onProgress: (event) => void events.push(event) })).toBe(digest)
  expect(events.map((event) => [event.id, event.phase])).toEqual([
    [image, 'preparing'],
    ['l1', 'preparing'],
    ['l1', 'uploading'],
    ['l1', 'done'],
    [image, 'done'],
    [image, 'done'],
  ])
  expect(events[2]).toMatchObject({ currentBytes: 1, totalBytes: 2 })
})

test.for([
  [image, '/images/r.example:5000/team/app/push', '1'],
  ['app', '/images/app/push', 'latest'],
] as const)('pushes one tag of %s', async ([reference, path, tag]) => {
  const scripted = await start(stream([done]))
  await push(scripted, {}, reference)
  const request = scripted.seen.at(-1)
  expect(request?.path.endsWith(path)).toBe(true)
  expect(request?.query.get('tag')).toBe(tag)
})

test('sends the given credentials, and an empty object without any', async () => {
  const scripted = await start(stream([done]))
  await push(scripted)
  await push(scripted, { credentials: { username: 'u', password: 'p' } })
  const headers = scripted.seen
    .filter(({ path }) => path.endsWith('/push'))
    .map(({ headers: all }) => all['x-registry-auth'])
  const decode = (text: unknown) => JSON.parse(Buffer.from(String(text), 'base64url').toString())
  expect(headers.map(decode)).toEqual([{}, { username: 'u', password: 'p', serveraddress: 'r.example:5000' }])
})

test.for([
  ['in the stream', stream(['{"status":"Preparing"}\n{"errorDetail":{"message":"denied: x"},"error":"denied: x"}\n'])],
  ['as 403', refusal(403, 'denied: x')],
  ['as 404', refusal(404, 'denied: x')],
  ['as 500', refusal(500, 'denied: x')],
] as const)('rejects with IMAGE_PUSH_FAILED and the text of the registry for a refusal %s', async ([, answer]) => {
  await expect(push(await start(answer))).rejects.toMatchObject({
    code: 'IMAGE_PUSH_FAILED',
    facts: { image, registryText: 'denied: x' },
  })
})

test.for([
  ['before the request', silence, refusal(404, 'No such image: app')],
  [
    'in the stream',
    stream(['{"error":"An image does not exist locally with the tag: r.example:5000/team/app"}\n']),
    undefined,
  ],
  ['by containerd', refusal(404, 'tag does not exist: r.example:5000/team/app:1'), undefined],
] as const)('rejects with IMAGE_NOT_FOUND for an absent image, found %s', async ([, answer, found]) => {
  await expect(push(await start(answer, found))).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND', facts: { image } })
})

test.for([
  ['is cut off', stream(['{"status":"Pushing","id":"l1"}\n{"sta'], 'cut'), 'CONNECTION_LOST'],
  ['ends without a digest', stream(['{"status":"Pushed","id":"l1"}\n']), 'CONNECTION_LOST'],
  ['is empty', stream([]), 'CONNECTION_LOST'],
  ['is not JSON', stream(['<html>']), 'PROTOCOL_ERROR'],
] as const)('rejects when the stream %s', async ([, answer, code]) => {
  await expect(push(await start(answer))).rejects.toMatchObject({ code })
})

test('has neither the password nor its encoding in an error, and names a problem of the stored credentials', async () => {
  const credentials = { username: 'u', password: 'the-secret' }
  const failure = await push(await start(refusal(500, 'denied')), { credentials }).catch((error: unknown) => error)
  const shown = inspect(failure, { depth: 20, showHidden: true })
  expect(shown).not.toContain('the-secret')
  expect(shown).not.toContain(Buffer.from(JSON.stringify(credentials)).toString('base64').slice(0, 20))
  const env = { DOCKER_AUTH_CONFIG: 'no json', DOCKER_CONFIG: '/nonexistent' }
  await expect(push(await start(refusal(500, 'denied')), { credentialSources: { env } })).rejects.toMatchObject({
    facts: { registryText: 'denied (no credentials were sent: DOCKER_AUTH_CONFIG is not JSON)' },
  })
})

test('rejects with the reason of an abort and closes the connection', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const scripted = await start((reply, request) => {
    stream(['{"status":"Pushing","id":"l1"}\n'], 'silence')(reply, request)
    setImmediate(() => controller.abort(reason))
  })
  await expect(push(scripted, { signal: controller.signal })).rejects.toBe(reason)
})
