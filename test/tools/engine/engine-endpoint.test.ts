import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findEndpoint } from '../../../tools/engine/engine-endpoint.mjs'

let DOCKER_CONFIG = ''

beforeEach(() => {
  DOCKER_CONFIG = mkdtempSync(join(tmpdir(), 'capstan-config-'))
})

afterEach(() => rmSync(DOCKER_CONFIG, { recursive: true }))

test('the default socket is used without configuration', () => {
  expect(findEndpoint({ DOCKER_CONFIG })).toEqual({
    host: 'unix:///var/run/docker.sock',
    source: 'default',
    chosen: false,
    connection: { protocol: 'http:', socketPath: '/var/run/docker.sock' },
  })
})

test('DOCKER_HOST overrides DOCKER_CONTEXT', () => {
  const endpoint = findEndpoint({ DOCKER_CONFIG, DOCKER_HOST: 'unix:///x.sock', DOCKER_CONTEXT: 'none such' })
  expect(endpoint).toMatchObject({ source: 'DOCKER_HOST', chosen: true, connection: { socketPath: '/x.sock' } })
})

test('tcp has the default port, and TLS when the environment requests it', () => {
  const DOCKER_HOST = 'tcp://example.test'
  expect(findEndpoint({ DOCKER_CONFIG, DOCKER_HOST }).connection).toMatchObject({ protocol: 'http:', port: 2375 })
  const secure = findEndpoint({ DOCKER_CONFIG, DOCKER_HOST, DOCKER_TLS_VERIFY: '1' })
  expect(secure.connection).toMatchObject({ protocol: 'https:', port: 2376, host: 'example.test' })
})

test('the brackets of an IPv6 address are removed', () => {
  const { connection } = findEndpoint({ DOCKER_HOST: 'tcp://[::1]:99' })
  expect(connection).toMatchObject({ host: '::1', port: 99 })
})

test('a context is read from the store and is chosen only when it is named', () => {
  addContext('away', 'unix:///away.sock')
  expect(findEndpoint({ DOCKER_CONFIG, DOCKER_CONTEXT: 'away' })).toMatchObject({
    host: 'unix:///away.sock',
    chosen: true,
  })
  writeFileSync(join(DOCKER_CONFIG, 'config.json'), JSON.stringify({ currentContext: 'away' }))
  const current = findEndpoint({ DOCKER_CONFIG })
  expect(current).toMatchObject({ host: 'unix:///away.sock', source: 'context "away"', chosen: false })
})

test.each(['ssh://host', 'fd://', '/var/run/docker.sock', 'unix://', 'nonsense'])(
  '%s cannot be asked',
  (DOCKER_HOST) => {
    const { connection, problem } = findEndpoint({ DOCKER_CONFIG, DOCKER_HOST })
    expect(connection).toBeUndefined()
    expect(problem).toContain(DOCKER_HOST)
  },
)

test('a missing context is reported with its name', () => {
  expect(findEndpoint({ DOCKER_CONFIG, DOCKER_CONTEXT: 'gone' }).problem).toContain('"gone" cannot be read')
})

function addContext(name: string, host: string) {
  const directory = join(DOCKER_CONFIG, 'contexts', 'meta', createHash('sha256').update(name).digest('hex'))
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'meta.json'), JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }))
}
