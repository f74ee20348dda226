import { expect, test } from 'vitest'
import { DockerVolumeManager } from '../src/docker-volume-manager.js'
import type { FakeHandler } from './fake/fake-docker-engine.js'
import { empty, inTurn, json, refusal, startScriptedEngine } from './scripted-engine.js'

const absent = refusal(404, 'get data: no such volume')
/** Answers with the body of the request, as the engine does. */
const made: FakeHandler = (reply, request) => reply.json(201, request.json)

test('checks for the volume, creates it, and recognizes it by the labels of the answer', async () => {
  const { engine, log, seen } = await startScriptedEngine([
    ['GET /volumes/data', absent],
    ['POST /volumes/create', made],
  ])
  expect(await new DockerVolumeManager(engine).createVolume('data', { labels: { a: 'b' } })).toBe('data')
  expect(log()).toEqual(['GET /volumes/data', 'POST /volumes/create'])
  expect(seen[1]?.json).toMatchObject({ Name: 'data', Labels: { a: 'b', 'capstan.object': 'volume' } })
})

test('rejects with NAME_CONFLICT and does not remove the volume when another client creates it meanwhile', async () => {
  const { engine, log } = await startScriptedEngine([
    ['GET /volumes/data', absent],
    ['POST /volumes/create', json(201, { Name: 'data', Labels: null })],
  ])
  await expect(new DockerVolumeManager(engine).createVolume('data')).rejects.toMatchObject({
    code: 'NAME_CONFLICT',
    facts: { holderId: 'data', sameOwner: false },
  })
  expect(log().some((line) => line.startsWith('DELETE'))).toBe(false)
})

test('rejects with NAME_CONFLICT without a create for an existing volume', async () => {
  const { engine, log } = await startScriptedEngine([['GET /volumes/data', json(200, { Name: 'data' })]])
  await expect(new DockerVolumeManager(engine).createVolume('data')).rejects.toMatchObject({ code: 'NAME_CONFLICT' })
  expect(log()).toEqual(['GET /volumes/data'])
})

test('rejects with INVALID_ARGUMENT and the field for a name that the engine does not accept', async () => {
  const text = 'create a: volume name is too short, names should be at least two alphanumeric characters'
  const { engine } = await startScriptedEngine([
    ['GET /volumes/a', refusal(404, 'get a: no such volume')],
    ['POST /volumes/create', refusal(400, text)],
  ])
  await expect(new DockerVolumeManager(engine).createVolume('a')).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'name must be a volume name of two characters or more, not "a"',
  })
})

test('removes the volume that an aborted request created, and not one of another client', async () => {
  for (const isOwn of [true, false]) {
    const reason = new Error('enough')
    const abort = new AbortController()
    let volume: unknown
    const created: FakeHandler = (_reply, request) => {
      volume = isOwn ? request.json : { Name: 'data', Labels: {} }
      abort.abort(reason)
    }
    const { engine, log } = await startScriptedEngine([
      ['GET /volumes/data', inTurn(absent, (reply) => reply.json(200, volume))],
      ['POST /volumes/create', created],
      ['DELETE /volumes/data', empty()],
    ])
    await expect(new DockerVolumeManager(engine).createVolume('data', abort)).rejects.toBe(reason)
    expect(log().includes('DELETE /volumes/data')).toBe(isOwn)
  }
})

test('resolves for a missing volume, rejects with IN_USE and the users, and lists no volumes when the answer is null', async () => {
  const { engine } = await startScriptedEngine([
    ['DELETE /volumes/gone', refusal(404, 'get gone: no such volume')],
    ['DELETE /volumes/used', refusal(409, 'remove used: volume is in use - [0123456789ab]')],
    ['GET /containers/json', json(200, [{ Id: '0123456789ab', Names: ['/user'] }])],
    ['GET /volumes', json(200, { Volumes: null })],
  ])
  const volumes = new DockerVolumeManager(engine)
  await volumes.removeVolume('gone')
  await expect(volumes.removeVolume('used')).rejects.toMatchObject({ code: 'IN_USE', facts: { users: ['user'] } })
  expect(await volumes.listVolumes()).toEqual([])
})
