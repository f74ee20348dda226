import { expect, test } from 'vitest'
import { listUntagged } from '../../src/images/untagged-images.js'
import { imageExists, listImages } from '../run-operations.js'
import { inTurn, json, refusal, startScriptedEngine } from '../scripted-engine.js'

test('lists images by familiar names, and repeats the request when an image is removed meanwhile', async () => {
  const vanished = refusal(500, 'locating image with ID "e7cad838": image not known')
  const { engine, log } = await startScriptedEngine([
    ['GET /images/json', inTurn(vanished, json(200, [{ Id: 'sha256:1', RepoTags: ['docker.io/library/app:1'] }]))],
  ])
  expect(await listImages(engine)).toMatchObject([{ tags: ['app:1'] }])
  expect(log()).toHaveLength(2)
})

test('repeats the request for the untagged images of a build when an image is removed meanwhile', async () => {
  const vanished = refusal(500, 'locating item named "manifest" for image with ID "e7cad838": file does not exist')
  const { engine } = await startScriptedEngine([
    ['GET /images/json', inTurn(vanished, json(200, [{ Id: 'sha256:1' }]))],
  ])
  const call = { operation: 'buildImage', subject: 'app:1' }
  expect(await listUntagged(engine, ['app:1'], call)).toEqual(['sha256:1'])
})

test('repeats a list of images that is answered with 404 when an image is removed meanwhile', async () => {
  const vanished = refusal(404, 'content digest sha256:0123: not found')
  const { engine, log } = await startScriptedEngine([
    ['GET /images/json', inTurn(vanished, json(200, [{ Id: 'sha256:1', RepoTags: ['app:1'] }]))],
  ])
  expect(await listImages(engine)).toMatchObject([{ tags: ['app:1'] }])
  expect(log()).toHaveLength(2)
})

test('does not repeat the inspection of an image that is answered with 404', async () => {
  const { engine, log } = await startScriptedEngine([
    ['GET /images/app/json', refusal(404, 'content digest sha256:0123: not found')],
  ])
  expect(await imageExists(engine, 'app')).toBe(false)
  expect(log()).toHaveLength(1)
})

test('does not repeat a list of images that fails for another reason', async () => {
  const { engine, log } = await startScriptedEngine([['GET /images/json', refusal(500, 'out of order')]])
  await expect(listImages(engine)).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
  expect(log()).toHaveLength(1)
})
