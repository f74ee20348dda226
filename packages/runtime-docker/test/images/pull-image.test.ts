import type { PullProgress } from '@capstan/core'
import { expect, test } from 'vitest'
import type { FakeHandler } from '../fake/fake-docker-engine.js'
import { pullImage } from '../run-operations.js'
import { json, refusal, type ScriptedEngine, silence, startScriptedEngine, stream } from '../scripted-engine.js'

const id = `sha256:${'c'.repeat(64)}`
const done = '{"status":"Status: Downloaded newer image for busybox:latest"}\n'
const noCredentials = { env: { DOCKER_CONFIG: '/nonexistent' } }

function start(answer: FakeHandler, inspect: FakeHandler = json(200, { Id: id })): Promise<ScriptedEngine> {
  return startScriptedEngine([
    ['POST /images/create', answer],
    ['GET /images/*/json', inspect],
  ])
}

function pull({ engine }: ScriptedEngine, image = 'busybox', options: Parameters<typeof pullImage>[2] = {}) {
  return pullImage(engine, image, { credentialSources: noCredentials, ...options })
}

test('resolves with the id, and reports progress of the layers and of the image', async () => {
  const lines = [
    '{"status":"Pulling from library/busybox","id":"latest"}\n{"status":"Pulling fs layer","progressDetail":{},"id":"l1"}\n',
    '{"status":"Downloading","progressDetail":{"current":1,"total":2},"id":"l1"}\n{"status":"Extracting","id":"l1"}\n',
    '{"status":"Pull complete","id":"l1"}\n{"status":"Digest: sha256:x"}\n',
    done,
  ]
  const events: PullProgress[] = []
  const scripted = await start(stream(lines))
  expect(await pull(scripted, 'busybox', { onProgress: (event) => void events.push(event) })).toBe(id)
  expect(events.map((event) => [event.id, event.phase])).toEqual([
    ['busybox', 'resolving'],
    ['l1', 'resolving'],
    ['l1', 'downloading'],
    ['l1', 'extracting'],
    ['l1', 'done'],
    ['busybox', 'done'],
    ['busybox', 'done'],
  ])
  expect(events[2]).toMatchObject({ currentBytes: 1, totalBytes: 2 })
  expect(events[0]).not.toHaveProperty('currentBytes')
})

test.for([
  ['busybox', 'busybox', 'latest'],
  ['r.example:5000/a/b:1', 'r.example:5000/a/b', '1'],
  [`a@sha256:${'d'.repeat(64)}`, 'a', `sha256:${'d'.repeat(64)}`],
] as const)('pulls one tag of %s, and never all', async ([image, fromImage, tag]) => {
  const scripted = await start(stream([done]))
  await pull(scripted, image, { platform: 'linux/arm64' })
  expect(Object.fromEntries(scripted.seen[0]?.query ?? [])).toEqual({ fromImage, tag, platform: 'linux/arm64' })
})

test.for([
  [
    'in the stream',
    stream(['{"status":"Pulling from a"}\n{"errorDetail":{"message":"denied: x"},"error":"denied: x"}\n']),
  ],
  ['as 404', refusal(404, 'denied: x')],
  ['as 500', refusal(500, 'denied: x')],
] as const)('rejects with IMAGE_PULL_FAILED and the text of the registry for a refusal %s', async ([, answer]) => {
  await expect(pull(await start(answer))).rejects.toMatchObject({
    code: 'IMAGE_PULL_FAILED',
    facts: { image: 'busybox', registryText: 'denied: x' },
  })
})

test.for([
  ['is incomplete', stream(['{"status":"Pulling from a"}\n{"sta'], 'cut'), 'CONNECTION_LOST'],
  ['ends between two lines', stream(['{"status":"Pulling from a"}\n'], 'cut'), 'CONNECTION_LOST'],
  ['ends without a success message', stream(['{"status":"Download complete","id":"l1"}\n']), 'CONNECTION_LOST'],
  ['is empty', stream([]), 'CONNECTION_LOST'],
  ['is not JSON', stream(['<html>']), 'PROTOCOL_ERROR'],
] as const)('rejects when the stream %s', async ([, answer, code]) => {
  await expect(pull(await start(answer))).rejects.toMatchObject({ code })
})

test('rejects when the image does not exist after the success message', async () => {
  const scripted = await start(stream([done]), refusal(404, 'No such image: busybox'))
  await expect(pull(scripted)).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
})

test("accepts the id of the image in Podman's last line as success", async () => {
  const last = `{"status":"Download complete","progressDetail":{},"id":"${'c'.repeat(12)}"}\n`
  const events: PullProgress[] = []
  const onProgress = (event: PullProgress) => void events.push(event)
  expect(await pull(await start(stream([last])), 'busybox', { onProgress })).toBe(id)
  expect(events.at(-1)).toMatchObject({ id: 'busybox', phase: 'done' })
})

test('rejects with INVALID_ARGUMENT for a reference that the engine does not accept', async () => {
  const scripted = await start(refusal(400, 'invalid reference format'))
  await expect(pull(scripted)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field: 'image' } })
})

test('sends credentials in a header, and shows them in no error', async () => {
  const credentials = { username: 'user', password: 'SECRET' }
  const scripted = await start(refusal(401, 'unauthorized'))
  const failure: unknown = await pull(scripted, 'r.example/a', { credentials }).catch((error: unknown) => error)
  const header = String(scripted.seen[0]?.headers['x-registry-auth'])
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
    ...credentials,
    serveraddress: 'r.example',
  })
  expect(failure).toMatchObject({ code: 'IMAGE_PULL_FAILED' })
  expect(JSON.stringify(failure) + String(failure) + JSON.stringify(scripted.warnings)).not.toMatch(/SECRET|U0VDUkVU/)
  expect(scripted.seen[0]?.path + String(scripted.seen[0]?.query)).not.toMatch(/SECRET/)
})

test('reports why no credentials were sent', async () => {
  const credentialSources = { env: { DOCKER_AUTH_CONFIG: '{"auths":', DOCKER_CONFIG: '/nonexistent' } }
  const scripted = await start(refusal(404, 'pull access denied'))
  await expect(pullImage(scripted.engine, 'busybox', { credentialSources })).rejects.toMatchObject({
    facts: { registryText: 'pull access denied (no credentials were sent: DOCKER_AUTH_CONFIG is not JSON)' },
  })
})

test('closes the connection and rejects with the reason of an abort before, at the headers and in the stream', async () => {
  const reason = new Error('enough')
  const before = await start(stream([done]))
  await expect(pull(before, 'busybox', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  expect(before.seen).toEqual([])

  const abort = new AbortController()
  const silent = await start((reply, request) => {
    silence(reply, request)
    abort.abort(reason)
  })
  await expect(pull(silent, 'busybox', { signal: abort.signal })).rejects.toBe(reason)

  const later = new AbortController()
  const slow = await start(stream(['{"status":"Pulling from a"}\n'], 'silence'))
  const onProgress = () => later.abort(reason)
  await expect(pull(slow, 'busybox', { signal: later.signal, onProgress })).rejects.toBe(reason)
  await expect.poll(slow.countConnections).toBe(0)
})

test('stops the pull and rejects with the error that onProgress throws', async () => {
  const mine = new Error('mine')
  const scripted = await start(stream(['{"status":"Pulling from a"}\n'], 'silence'))
  const onProgress = () => {
    throw mine
  }
  await expect(pull(scripted, 'busybox', { onProgress })).rejects.toBe(mine)
  await expect.poll(scripted.countConnections).toBe(0)
})
