import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { DockerImageTransfer } from '../../src/docker-image-transfer.js'
import { json, startScriptedEngine, stream } from '../scripted-engine.js'

test.for([
  ['Loaded image: app:1\n', ['app:1']],
  ['Loaded image: app:1\nLoaded image ID: sha256:1\n', ['app:1', 'sha256:1']],
  ['Loaded image: localhost/a:1,localhost/b:1\n', ['localhost/a:1', 'localhost/b:1']],
] as const)('reads the loaded images from %j', async ([text, expected]) => {
  const { engine, seen } = await startScriptedEngine([
    ['POST /images/load', stream([`${JSON.stringify({ stream: text })}\n`])],
  ])
  expect(await new DockerImageTransfer(engine).loadImages(Readable.from([Buffer.from('tar')]))).toEqual(expected)
  expect(seen[0]?.body.toString()).toBe('tar')
})

test.for([
  ['an error in the stream', stream(['{"errorDetail":{"message":"unexpected EOF"}}\n']), 'OPERATION_FAILED'],
  ['no image', stream([]), 'OPERATION_FAILED'],
  ['an incomplete stream', stream(['{"stream":"Loaded image: a\\n"}\n'], 'cut'), 'CONNECTION_LOST'],
] as const)('rejects a load with %s under status 200', async ([, answer, code]) => {
  const { engine } = await startScriptedEngine([['POST /images/load', answer]])
  const loading = new DockerImageTransfer(engine).loadImages(Readable.from([Buffer.from('tar')]))
  await expect(loading).rejects.toMatchObject({ code })
})

test('ends an incomplete archive with CONNECTION_LOST', async () => {
  const { engine, countConnections } = await startScriptedEngine([
    ['GET /images/app/json', json(200, { Id: 'sha256:1' })],
    ['GET /images/app/get', stream([Buffer.alloc(10_000)], 'cut')],
  ])
  const saved = await new DockerImageTransfer(engine).saveImage('app')
  await expect(saved.toArray()).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  await expect.poll(countConnections).toBeLessThanOrEqual(1)
})

test('gives a slow reader all data of an incomplete archive before the error', async () => {
  const { engine, countConnections } = await startScriptedEngine([
    ['GET /images/app/json', json(200, { Id: 'sha256:1' })],
    ['GET /images/app/get', stream([Buffer.alloc(10_000)], 'cut')],
  ])
  const saved = await new DockerImageTransfer(engine).saveImage('app')
  let length = 0
  const reading = (async () => {
    await expect.poll(countConnections).toBeLessThanOrEqual(1) // it was cut, and nothing is read yet
    for await (const bytes of saved) length += Buffer.from(bytes).length
  })()
  await expect(reading).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  expect(length).toBe(10_000)
})

test('fails an unread archive with the reason of an abort, without an uncaught error', async () => {
  const { engine } = await startScriptedEngine([
    ['GET /images/app/json', json(200, { Id: 'sha256:1' })],
    ['GET /images/app/get', stream([Buffer.alloc(10_000)], 'silence')],
  ])
  const abort = new AbortController()
  const saved = await new DockerImageTransfer(engine).saveImage('app', { signal: abort.signal })
  const uncaught: unknown[] = []
  const hear = (error: unknown) => void uncaught.push(error)
  process.on('uncaughtExceptionMonitor', hear)
  onTestFinished(() => void process.off('uncaughtExceptionMonitor', hear))
  const closed = new Promise((resolve) => saved.on('close', resolve))
  abort.abort(new Error('enough'))
  await closed
  await expect(saved.toArray()).rejects.toThrow('enough')
  expect(uncaught).toEqual([])
})

test('closes the connection when the archive is destroyed', async () => {
  const { engine, countConnections } = await startScriptedEngine([
    ['GET /images/app/json', json(200, { Id: 'sha256:1' })],
    ['GET /images/app/get', stream([Buffer.alloc(10_000)], 'silence')],
  ])
  const saved = await new DockerImageTransfer(engine).saveImage('app')
  for await (const _block of saved) break
  await expect.poll(countConnections).toBeLessThanOrEqual(1)
})
