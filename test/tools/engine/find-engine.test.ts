import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findEngine } from '../../../tools/engine/find-engine.mjs'
import { findObstacle, setUpEngine } from '../../../tools/engine/set-up-engine.mjs'

let directory = ''
let DOCKER_HOST = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'capstan-engine-'))
  DOCKER_HOST = `unix://${join(directory, 'engine.sock')}`
})

afterEach(() => rmSync(directory, { recursive: true }))

test('an engine that answers is found', async () => {
  await using _server = await serve((_, response) =>
    response.setHeader('Api-Version', '1.41').setHeader('Server', 'X/1').end('OK'),
  )
  expect(await findEngine({ DOCKER_HOST })).toMatchObject({ available: true, name: 'X/1', apiVersion: '1.41' })
})

test('a socket file without a listener is no engine', async () => {
  writeFileSync(join(directory, 'engine.sock'), '')
  const found = await findEngine({ DOCKER_HOST })
  expect(found).toMatchObject({ available: false, reason: `no engine answers at ${DOCKER_HOST} (connection refused)` })
})

test('a missing socket is reported with the reason', async () => {
  const found = await findEngine({ DOCKER_HOST })
  expect(found).toMatchObject({ available: false, reason: `no engine answers at ${DOCKER_HOST} (no such socket)` })
})

test('an engine that accepts the connection and does not answer in time is reported as slow, and none is started', async () => {
  await using _server = await serve(() => {})
  const found = await findEngine({ DOCKER_HOST }, { timeoutMs: 50 })
  expect(found).toMatchObject({
    available: false,
    code: 'TIMED_OUT',
    reason: `the engine does not answer in time at ${DOCKER_HOST} (no answer for 0.05 s)`,
  })
  if (found.available) throw new Error('no answer was expected')
  const unnamed = { ...found, endpoint: { ...found.endpoint, host: 'unix:///var/run/docker.sock', source: 'default' } }
  expect(findObstacle(unnamed, {})).toContain('wait until the machine is less busy')
})

test('an error response is no engine', async () => {
  await using _server = await serve((_, response) => response.writeHead(500).end())
  expect(await findEngine({ DOCKER_HOST })).toMatchObject({
    available: false,
    reason: `${DOCKER_HOST} answers with status 500`,
  })
})

test('an engine that answers is used with any value of CAPSTAN_ENGINE', async () => {
  await using _server = await serve((_, response) => response.end('OK'))
  expect(await setUpEngine({ env: { DOCKER_HOST, CAPSTAN_ENGINE: 'none' } })).toMatchObject({ available: true })
})

test('no engine is started when the user names another one or CAPSTAN_ENGINE is none', async () => {
  const named = await findEngine({ DOCKER_HOST })
  if (named.available) throw new Error('no engine was expected')
  expect(findObstacle(named, {})).toContain('DOCKER_HOST names that engine')
  expect(findObstacle(named, { CAPSTAN_ENGINE: 'none' })).toContain('CAPSTAN_ENGINE=none refuses')
  expect(findObstacle({ ...named, code: 'EACCES', reason: 'permission denied' }, {})).toBe('permission denied')
  await expect(setUpEngine({ env: { DOCKER_HOST } })).rejects.toThrow('DOCKER_HOST names that engine')
})

async function serve(listener: RequestListener): Promise<AsyncDisposable> {
  const server = createServer(listener).listen(join(directory, 'engine.sock'))
  await once(server, 'listening')
  const close = async () => {
    const closed = once(server.close(), 'close')
    server.closeAllConnections()
    await closed
  }
  return { [Symbol.asyncDispose]: close }
}
