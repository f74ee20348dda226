import { expect, test } from 'vitest'
import { startFakeEngine } from '../fake/fake-docker-engine.js'
import { getImageHomeDir, imageExists, listImages, removeImage } from '../run-operations.js'
import { empty, inTurn, json, refusal, silence, startScriptedEngine } from '../scripted-engine.js'

const id = `sha256:${'c'.repeat(64)}`
const absent = refusal(404, 'No such image: app')

test('imageExists resolves with false only when the engine reports a missing image', async () => {
  const { engine } = await startScriptedEngine([
    ['GET /images/app/json', json(200, { Id: id })],
    ['GET /images/gone/json', absent],
    ['GET /images/broken/json', refusal(500, 'out of order')],
  ])
  expect(await imageExists(engine, 'app')).toBe(true)
  expect(await imageExists(engine, 'gone')).toBe(false)
  await expect(imageExists(engine, 'broken')).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
  await expect(imageExists(engine, 'a b')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('imageExists rejects with CONNECTION_LOST, and getImageHomeDir resolves with /root, when the engine is stopped', async () => {
  const { fake, engine } = await startFakeEngine()
  await fake.die()
  await expect(imageExists(engine, 'app')).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  expect(await getImageHomeDir(engine, 'app')).toBe('/root')
})

test.for([
  [{ Env: ['PATH=/bin', 'HOME=/srv/a=b'], User: 'node' }, '/srv/a=b'],
  [{ Env: ['HOME=', 'HOME=/first', 'HOME=/second'] }, '/first'],
  [{ Env: ['HOME='], User: 'node:node' }, '/home/node'],
  [{ Env: ['HOME'], User: '1000:1000' }, '/root'],
  [{ Env: null, User: '../etc' }, '/root'],
  [{}, '/root'],
  [undefined, '/root'],
] as const)('the home of an image with %j is %s', async ([Config, home]) => {
  const { engine } = await startScriptedEngine([['GET /images/app/json', json(200, { Id: id, Config })]])
  expect(await getImageHomeDir(engine, 'app')).toBe(home)
})

test('getImageHomeDir rejects with the reason of an abort before and during the request', async () => {
  const reason = new Error('enough')
  const abort = new AbortController()
  const { engine, log } = await startScriptedEngine([
    [
      'GET /images/app/json',
      (reply, request) => {
        silence(reply, request)
        abort.abort(reason)
      },
    ],
  ])
  await expect(getImageHomeDir(engine, 'app', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  expect(log()).toEqual([])
  await expect(getImageHomeDir(engine, 'app', abort)).rejects.toBe(reason)
})

test('getImageHomeDir rejects with RUNTIME_UNAVAILABLE when the engine is closed before or meanwhile', async () => {
  const { engine } = await startScriptedEngine([
    [
      'GET /images/app/json',
      (reply, request) => {
        silence(reply, request)
        void engine.close()
      },
    ],
  ])
  await expect(getImageHomeDir(engine, 'app')).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  await expect(getImageHomeDir(engine, 'app')).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
})

test('lists one entry per image, without <none>, filtered by the engine', async () => {
  const listed = [
    { Id: id, RepoTags: ['app:1', 'app:2'], Size: 5, Created: 1_700_000_000, Labels: { a: 'b' } },
    { Id: 'sha256:2', RepoTags: ['<none>:<none>'], Labels: null },
    { Id: 'sha256:3', RepoTags: null },
  ]
  const { engine, seen } = await startScriptedEngine([['GET /images/json', json(200, listed)]])
  const labels = { a: 'b', c: 'd' }
  expect(await listImages(engine, { labels })).toEqual([
    {
      id,
      tags: ['app:1', 'app:2'],
      digests: [],
      sizeBytes: 5,
      createdAt: new Date(1_700_000_000_000),
      labels: { a: 'b' },
    },
    { id: 'sha256:2', tags: [], digests: [], sizeBytes: undefined, createdAt: undefined, labels: {} },
    { id: 'sha256:3', tags: [], digests: [], sizeBytes: undefined, createdAt: undefined, labels: {} },
  ])
  expect(JSON.parse(seen[0]?.query.get('filters') ?? '')).toEqual({ label: ['a=b', 'c=d'] })
})

const tagged = json(200, { Id: id, RepoTags: ['app:latest'] })
const withoutUsers = [
  ['GET /containers/json', json(200, [])],
  ['GET /images/json', json(200, [])],
] as const
const conflict = refusal(409, 'conflict: unable to remove repository reference')

test('removeImage resolves for a missing image, also when it disappears between two requests', async () => {
  const gone = await startScriptedEngine([['GET /images/app/json', absent]])
  await removeImage(gone.engine, 'app')
  expect(gone.log()).toEqual(['GET /images/app/json'])
  const going = await startScriptedEngine([
    ...withoutUsers,
    ['GET /images/app/json', tagged],
    ['DELETE /images/app', absent],
  ])
  await removeImage(going.engine, 'app')
})

test.for(['app', id])(
  'removeImage rejects with IN_USE and the users of an image, without a removal: %s',
  async (image) => {
    const { engine, log } = await startScriptedEngine([
      [`GET /images/${image}/json`, tagged],
      [
        'GET /containers/json',
        json(200, [
          { Id: '1', Names: ['/mine'], ImageID: id },
          { Id: '2', Names: ['/of-a-child'], ImageID: 'sha256:2' },
        ]),
      ],
      [
        'GET /images/json',
        json(200, [
          { Id: 'sha256:2', ParentId: id, RepoTags: ['child:1'] },
          { Id: 'sha256:3', ParentId: id, RepoTags: ['<none>:<none>'] },
          { Id: 'sha256:4', ParentId: 'sha256:3', RepoTags: ['of-two-steps:1'] },
          { Id: 'sha256:5', ParentId: id, RepoTags: null },
          { Id: 'sha256:6', ParentId: '' },
        ]),
      ],
      ['DELETE /images/*', json(200, [{ Untagged: 'app:latest' }, { Deleted: id }])],
    ])
    await expect(removeImage(engine, image)).rejects.toMatchObject({
      code: 'IN_USE',
      facts: { subject: `image "${image}"`, users: ['mine', 'child:1', 'of-two-steps:1', 'sha256:5'] },
    })
    expect(log().filter((line) => line.startsWith('DELETE'))).toEqual([])
  },
)

test('removeImage rejects with IN_USE and the tags of the images that Podman would leave without their base', async () => {
  const steps = [
    { Id: 'sha256:2', ParentId: 'c'.repeat(64), RepoTags: null }, // Podman lists the parent without `sha256:`
    { Id: 'sha256:3', ParentId: '2', RepoTags: ['docker.io/library/child:1'] },
    { Id: 'sha256:4', ParentId: 'c'.repeat(64), RepoTags: null },
    { Id: 'sha256:5', ParentId: '', RepoTags: ['other:1'] },
  ]
  const { engine, log } = await startScriptedEngine(
    [
      ['GET /images/app/json', tagged],
      ['GET /containers/json', json(200, [])],
      ['GET /images/json', inTurn(json(200, steps), json(200, steps.slice(2)))],
      ['DELETE /images/app', empty()],
    ],
    { quirks: { removesBaseImages: true } },
  )
  await expect(removeImage(engine, 'app')).rejects.toMatchObject({ code: 'IN_USE', facts: { users: ['child:1'] } })
  expect(log()).not.toContain('DELETE /images/app')
  await removeImage(engine, 'app')
  expect(log()).toContain('DELETE /images/app')
})

test('removeImage removes one of several tags of an image with users, without a list of them', async () => {
  const { engine, log } = await startScriptedEngine([
    ['GET /images/app:1/json', json(200, { Id: id, RepoTags: ['app:1', 'app:2'] })],
    ['DELETE /images/app:1', json(200, [{ Untagged: 'app:1' }])],
  ])
  await removeImage(engine, 'app:1')
  expect(log()).toEqual(['GET /images/app:1/json', 'DELETE /images/app:1'])
})

test('removeImage rejects with IN_USE and a container that is created meanwhile', async () => {
  const { engine } = await startScriptedEngine([
    ['GET /images/app/json', tagged],
    ['GET /containers/json', inTurn(json(200, []), json(200, [{ Id: '1', Names: ['/late'], ImageID: id }]))],
    ['GET /images/json', json(200, [])],
    ['DELETE /images/app', conflict],
  ])
  await expect(removeImage(engine, 'app')).rejects.toMatchObject({ code: 'IN_USE', facts: { users: ['late'] } })
})

test('removeImage removes all tags of an id, and rejects with a refusal for an unknown reason', async () => {
  const two = await startScriptedEngine([
    ...withoutUsers,
    [`DELETE /images/${id}`, conflict],
    [`GET /images/${id}/json`, json(200, { Id: id, RepoTags: ['app:1', 'app:2'] })],
    ['DELETE /images/app:*', inTurn(empty(), absent)],
  ])
  await removeImage(two.engine, id)
  expect(two.log().filter((line) => line.startsWith('DELETE /images/app'))).toHaveLength(2)
  const one = await startScriptedEngine([
    ...withoutUsers,
    [`DELETE /images/${id}`, conflict],
    [`GET /images/${id}/json`, tagged],
  ])
  await expect(removeImage(one.engine, id)).rejects.toMatchObject({ code: 'IN_USE' })
})
