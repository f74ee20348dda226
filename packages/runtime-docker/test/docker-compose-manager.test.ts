import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DockerComposeManager } from '../src/docker-compose-manager.js'
import type { DockerDetails } from '../src/engine/docker-details.js'
import { connectEngine } from './connect-engine.js'
import { startFakeEngine } from './fake/fake-docker-engine.js'

/** Starts a manager whose Compose writes its variables to a file, and `up` on a project without containers. */
async function upEmpty(toChanges: (socketPath: string) => Partial<DockerDetails>) {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-docker-compose-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const path = join(directory, 'docker-compose')
  const model = JSON.stringify({ name: 'empty', services: { app: { image: 'x', scale: 0 } } })
  const script = `case "$*" in *config*) echo '${model}';; *) env >'${directory}/env';; esac`
  await writeFile(path, `#!/bin/sh\n${script}\nexit 0\n`, { mode: 0o755 })
  const { fake } = await startFakeEngine()
  fake.override('GET /networks', (reply) => reply.json(200, []))
  fake.override('GET /volumes', (reply) => reply.json(200, { Volumes: [] }))
  fake.override('GET /events', (reply) => void reply.open())
  const { socketPath } = fake
  const changes = { compose: { path, version: '2.40.3' }, ...toChanges(socketPath) }
  const { engine } = connectEngine({ socketPath, apiVersion: '1.41' }, changes)
  await new DockerComposeManager(engine).up({ name: 'empty', content: 'services: {}' })
  const env = Object.fromEntries(
    (await readFile(join(directory, 'env'), 'utf8')).split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)),
  )
  return { env, socketPath }
}

describe('the endpoint of Compose', () => {
  test('is the socket of the open runtime', async () => {
    const { env, socketPath } = await upEmpty(() => ({}))
    expect(env).toMatchObject({ DOCKER_HOST: `unix://${socketPath}`, DOCKER_API_VERSION: '' })
  })

  test('is the address at which an engine on demand listens, which also is that of an engine over ssh', async () => {
    const { env, socketPath } = await upEmpty((path) => ({
      endpoint: {
        url: 'ssh://host',
        address: {
          type: 'service',
          start: async () => ({ address: { type: 'socket', path }, [Symbol.asyncDispose]: async () => {} }),
        },
      },
    }))
    expect(env).toMatchObject({ DOCKER_HOST: `unix://${socketPath}` })
  })

  test('has the API version that the environment pins', async () => {
    const api = { version: '1.41', newest: '1.41', oldest: '1.12', pinned: true }
    const { env } = await upEmpty(() => ({ api }))
    expect(env).toMatchObject({ DOCKER_API_VERSION: '1.41' })
  })
})
