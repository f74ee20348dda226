import { Readable } from 'node:stream'
import { isHostError } from '@capstan/core'
import { expect, test } from 'vitest'
import type { DockerEngine } from '../src/docker-engine.js'
import { DockerImageTransfer } from '../src/docker-image-transfer.js'
import { DockerNetworkManager } from '../src/docker-network-manager.js'
import { DockerVolumeManager } from '../src/docker-volume-manager.js'
import { buildImage } from '../src/image/build-image.js'
import { type FakeHandler, type StartedFake, startFakeEngine } from './fake/fake-docker-engine.js'

type Operation = (engine: DockerEngine, options: { readonly signal: AbortSignal }) => Promise<unknown>

const operations: Readonly<Record<string, Operation>> = {
  createNetwork: (engine, options) => new DockerNetworkManager(engine).createNetwork('net', options),
  createVolume: (engine, options) => new DockerVolumeManager(engine).createVolume('data', options),
  buildImage: (engine, options) => buildImage(engine, image, options),
  pullImage: (engine, options) => new DockerImageTransfer(engine, nowhere).pullImage('busybox', options),
  loadImages: (engine, options) =>
    new DockerImageTransfer(engine).loadImages(Readable.from([Buffer.from('x')]), options),
}

const nowhere = { env: { DOCKER_CONFIG: '/nonexistent' } }
const image = { dockerfile: 'FROM scratch\n', tag: 'app:1', credentialSources: nowhere }

/** What the engine keeps, by `kind name`; made when the request arrives, and answered with some delay. */
async function startKeeper(): Promise<StartedFake & { readonly kept: Map<string, unknown> }> {
  const started = await startFakeEngine()
  const kept = new Map<string, unknown>()
  const { fake, engine } = started
  const keep =
    (kind: string): FakeHandler =>
    (reply, { json }) => {
      kept.set(`${kind} ${json.Name}`, { ...json, Id: String(json.Name) })
      reply.json(201, { ...json, Id: String(json.Name) })
    }
  const find =
    (key: string): FakeHandler =>
    (reply) =>
      kept.has(key) ? reply.json(200, kept.get(key)) : reply.refuse(404, `no such thing: ${key}`)
  const remove =
    (key: string): FakeHandler =>
    (reply) => {
      kept.delete(key)
      reply.raw(204, '')
    }
  fake.override('POST /networks/create', keep('network'))
  fake.override('GET /networks', (reply) =>
    reply.json(
      200,
      [...kept].filter(([key]) => key.startsWith('network ')).map(([, value]) => value),
    ),
  )
  fake.override('DELETE /networks/net', remove('network net'))
  fake.override('POST /volumes/create', keep('volume'))
  fake.override('GET /volumes/data', find('volume data'))
  fake.override('DELETE /volumes/data', remove('volume data'))
  fake.override('POST /build', (reply) => {
    kept.set('image app:1', { Id: 'sha256:1', Config: { Labels: engine.ownerLabels } })
    reply.raw(200, '{"aux":{"ID":"sha256:1"}}\n')
  })
  fake.override('GET /images/app:1/json', find('image app:1'))
  fake.override('DELETE /images/app:1', remove('image app:1'))
  fake.override('POST /images/load', (reply) => reply.raw(200, '{"stream":"Loaded image: a:1\\n"}\n'))
  fake.override('GET /images/busybox/json', (reply) => reply.json(200, { Id: 'sha256:1' }))
  return { ...started, kept }
}

test.for(Object.keys(operations))('F16 %s leaves nothing, aborted at its n-th request', async (name) => {
  const operation = operations[name]
  const reason = new Error('enough')
  let completed = false
  for (let n = 0; !completed; n += 1) {
    expect(n).toBeLessThan(20)
    const { fake, engine, kept } = await startKeeper()
    const abort = new AbortController()
    fake.onRequest = (_request, index) => {
      if (index === n) abort.abort(reason)
    }
    const outcome = await operation?.(engine, abort).then(
      () => 'done',
      (error: unknown) => error,
    )
    completed = fake.requests.length <= n
    if (completed) expect(outcome).toBe('done')
    // The last answer may have been on its way when the signal came.
    else if (outcome !== 'done') expect({ outcome, kept: [...kept.keys()] }).toEqual({ outcome: reason, kept: [] })
    expect(isHostError(outcome)).toBe(false)
  }
})
