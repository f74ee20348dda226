import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createRuntimeHost, type RuntimePlugin } from '@capstan/core'
import type { RegistrationScope } from '@capstan/core/plugin'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listManagers } from '../src/docker-managers.js'
import type { DockerDetails } from '../src/engine/docker-details.js'
import { dockerPlugin } from '../src/index.js'
import { startFakeEngine } from './fake/fake-docker-engine.js'

function createHost(plugin: RuntimePlugin<DockerDetails>, env: Readonly<Record<string, string>> = {}) {
  const host = createRuntimeHost({ plugins: [plugin as RuntimePlugin], env })
  onTestFinished(() => host[Symbol.asyncDispose]())
  return host
}

describe('dockerPlugin', () => {
  test('loads dockerode at the first call, not in discover or open', async () => {
    const { fake } = await startFakeEngine()
    // A separate process is used because loaded modules cannot be unloaded.
    const program = fileURLToPath(new URL('programs/loaded-modules.mjs', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [program, `unix://${fake.socketPath}`])
    expect(stdout).toBe('discover: false\nopen: false\nping: false\nlistContainers: true\n')
  })

  test('sends no requests in open beyond those of the probe', async () => {
    const { fake } = await startFakeEngine()
    await createHost(dockerPlugin({ endpoint: `unix://${fake.socketPath}` })).open()
    expect(fake.log()).toEqual(['GET /_ping', 'GET /info'])
  })

  test('tries no other endpoint when DOCKER_HOST does not answer, and reports the reason', async () => {
    const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' }
    await expect(createHost(dockerPlugin(), env).open()).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
      facts: { reports: [{ chosen: true, attempts: [{ source: 'DOCKER_HOST', step: 'find' }] }] },
    })
  })

  test('suggests to unset DOCKER_HOST only when the failed endpoint is from DOCKER_HOST', async () => {
    for (const DOCKER_HOST of ['unix:///nowhere/docker.sock', 'tcp://127.0.0.1:1']) {
      const named = await createHost(dockerPlugin(), { DOCKER_HOST }).discover()
      expect(named[0]?.attempts[0]?.remedy).toBe('start that engine, or unset DOCKER_HOST')
    }
    const given = await createHost(dockerPlugin({ endpoint: 'unix:///nowhere/docker.sock' })).discover()
    expect(given[0]?.attempts[0]?.remedy).toBe('start that engine, or name another endpoint')
  })

  test('sends no request in register', async () => {
    const { fake, engine } = await startFakeEngine({ absent: [] })
    const provided: string[] = []
    const provide: RegistrationScope['provide'] = ({ id }) => void provided.push(id)
    const scope: RegistrationScope = { runtimeName: 'docker', provide, ownerLabels: {}, env: {}, warn: () => {} }
    dockerPlugin().register(scope, engine.details)
    expect(provided).toEqual(listManagers([]).map(({ capability }) => capability.id))
    expect(fake.requests).toHaveLength(0)
  })

  test('rejects every call after close with RUNTIME_UNAVAILABLE, without a request', async () => {
    const { fake } = await startFakeEngine()
    const host = createHost(dockerPlugin({ endpoint: `unix://${fake.socketPath}` }))
    const scope = await host.open()
    await scope[Symbol.asyncDispose]()
    fake.requests.length = 0
    const { runtime } = scope
    for (const call of [
      () => runtime.ping(),
      () => runtime.listContainers(),
      () => runtime.createContainer({ image: 'busybox:1' }),
      () => runtime.waitContainer('x'),
      () => runtime.imageExists('busybox:1'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    }
    expect(fake.requests).toHaveLength(0)
  })

  test('rejects an endpoint together with a context', () => {
    expect(() => dockerPlugin({ endpoint: 'unix:///x', context: 'y' })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })

  test('has the version of its own package', () => {
    const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
    expect(dockerPlugin().packageVersion).toBe(JSON.parse(text).version)
  })
})

test.each([
  [{ answerMs: 0 }, 'timeouts.answerMs'],
  [{ answerMs: Number.NaN }, 'timeouts.answerMs'],
  [{ startMs: 1000 }, 'timeouts.startMs'],
])('rejects timeouts %j with INVALID_ARGUMENT for %s', (timeouts, field) => {
  const facts = expect.objectContaining({ field })
  expect(() => dockerPlugin({ timeouts: timeouts as object })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', facts }),
  )
})

test.each([
  [{ enpoint: 'unix:///run/docker.sock' }, 'enpoint'],
  [{ endpoint: 5 }, 'endpoint'],
  [{ tls: { verfy: false } }, 'tls.verfy'],
  [{ composeProgram: 'docker-compose' }, 'composeProgram'],
])('rejects %j with INVALID_ARGUMENT for %s, and opens no other engine', (options, field) => {
  const facts = expect.objectContaining({ field })
  expect(() => dockerPlugin(options as object)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', facts }))
})
