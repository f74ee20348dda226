import { ownershipLabelKeys } from '@capstan/core/plugin'
import { describe, expect, test } from 'vitest'
import type { FakeDockerEngine, FakeHandler } from '../fake/fake-docker-engine.js'
import { empty, inTurn, json, refusal } from '../scripted-engine.js'
import { startRuntime } from '../start-runtime.js'

const image = 'busybox:1'
const mounts = [{ type: 'volume', source: 'data', target: '/data' }] as const
const failing = refusal(500, 'out of order')
const lacksLabels = { quirks: { dropsVolumeLabels: true } }

interface CreateBody {
  readonly Labels: Readonly<Record<string, string>>
  readonly HostConfig: {
    readonly Mounts: readonly { readonly VolumeOptions: { readonly Labels: Readonly<Record<string, string>> } }[]
  }
}

function findCreate(fake: FakeDockerEngine): CreateBody | undefined {
  const request = fake.requests.find(({ path }) => path === '/containers/create')
  return request?.json as CreateBody | undefined
}

/** Answers the list of volumes with this one, whatever the label filter. */
function listing(name: string): FakeHandler {
  return json(200, { Volumes: [{ Name: name, Labels: {} }] })
}

describe('a missing volume that a container mounts', () => {
  test('is created by the engine with the labels of the owner, in one request with the container', async () => {
    const { fake, runtime, instance } = await startRuntime()
    await runtime.createContainer({ image, mounts, labels: { [ownershipLabelKeys.lifetime]: 'lease' } })
    expect(fake.log()).toEqual(['POST /containers/create'])
    const body = findCreate(fake)
    expect(body?.HostConfig.Mounts[0]?.VolumeOptions.Labels).toEqual({
      ...body?.Labels,
      [ownershipLabelKeys.instance]: instance,
      [ownershipLabelKeys.object]: 'volume',
      [ownershipLabelKeys.lifetime]: 'lease',
    })
  })

  test('is removed when the create fails, if it has the label of this request', async () => {
    const { fake, runtime } = await startRuntime()
    fake.override('POST /containers/create', failing)
    fake.override('GET /volumes', listing('data'))
    fake.override('DELETE /volumes/data', empty())
    await expect(runtime.createContainer({ image, mounts })).rejects.toMatchObject({ undoFailures: [] })
    expect(fake.log()).toEqual(['POST /containers/create', 'GET /volumes', 'DELETE /volumes/data'])
    const requestId = findCreate(fake)?.Labels['capstan.request']
    const list = fake.requests.find(({ path }) => path === '/volumes')
    expect(list?.query.get('filters')).toBe(JSON.stringify({ label: [`capstan.request=${requestId}`] }))
  })

  test('causes no undo failure when the create fails and the engine refuses to remove a volume in use', async () => {
    const { fake, runtime } = await startRuntime()
    fake.override('POST /containers/create', failing)
    fake.override('GET /volumes', listing('data'))
    fake.override('DELETE /volumes/data', refusal(409, 'remove data: volume is in use - [c1]'))
    fake.override('GET /containers/json', json(200, []))
    await expect(runtime.createContainer({ image, mounts })).rejects.toMatchObject({ undoFailures: [] })
    expect(fake.log()).toContain('DELETE /volumes/data')
  })

  test('is in undoFailures of the error when it cannot be removed', async () => {
    const { fake, runtime } = await startRuntime()
    fake.override('POST /containers/create', failing)
    fake.override('GET /volumes', refusal(500, 'no list'))
    await expect(runtime.createContainer({ image, mounts })).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      undoFailures: [{ code: 'OPERATION_FAILED' }],
    })
  })

  test('is removed after a sidecar that does not start', async () => {
    const { fake, sidecars } = await startRuntime()
    fake.override('POST /containers/*/start', failing)
    fake.override('GET /volumes', listing('data'))
    fake.override('DELETE /volumes/data', empty())
    await expect(sidecars.startSidecar({ image, name: 'side', mounts })).rejects.toMatchObject({ undoFailures: [] })
    const removals = fake.log().filter((line) => line.startsWith('DELETE'))
    expect(removals).toEqual([expect.stringContaining('DELETE /containers/'), 'DELETE /volumes/data'])
  })
})

describe('on an engine that drops the labels of a mount', () => {
  const absent = refusal(404, 'get data: no such volume')

  test('a missing volume is created before the container', async () => {
    const { fake, runtime, instance } = await startRuntime(lacksLabels)
    fake.override('GET /volumes/data', absent)
    fake.override('POST /volumes/create', (reply, request) => reply.json(201, request.json))
    await runtime.createContainer({ image, mounts: [{ ...mounts[0], labels: { kind: 'cache' } }] })
    expect(fake.log()).toEqual(['GET /volumes/data', 'POST /volumes/create', 'POST /containers/create'])
    expect(fake.requests[1]?.json).toMatchObject({
      Name: 'data',
      Labels: { kind: 'cache', [ownershipLabelKeys.instance]: instance, [ownershipLabelKeys.object]: 'volume' },
    })
  })

  test('an existing volume is mounted unchanged', async () => {
    const { fake, runtime } = await startRuntime(lacksLabels)
    fake.override('GET /volumes/data', json(200, { Name: 'data' }))
    await runtime.createContainer({ image, mounts })
    expect(fake.log()).toEqual(['GET /volumes/data', 'POST /containers/create'])
  })

  test('a volume that another client creates meanwhile is mounted unchanged', async () => {
    const { fake, runtime } = await startRuntime(lacksLabels)
    fake.override('GET /volumes/data', absent)
    fake.override('POST /volumes/create', json(201, { Name: 'data', Labels: { other: 'x' } }))
    await runtime.createContainer({ image, mounts })
    expect(fake.log()).toEqual(['GET /volumes/data', 'POST /volumes/create', 'POST /containers/create'])
  })

  test('a volume that another request creates at the same time is mounted unchanged', async () => {
    const { fake, runtime } = await startRuntime(lacksLabels)
    fake.override('GET /volumes/data', inTurn(absent, json(200, { Name: 'data', Labels: { other: 'x' } })))
    const text = 'adding volume to state: name data is in use: volume already exists'
    fake.override('POST /volumes/create', refusal(500, text))
    await runtime.createContainer({ image, mounts })
    expect(fake.log().at(-1)).toBe('POST /containers/create')
  })

  test('an invalid name is rejected with INVALID_ARGUMENT and the field of the mount', async () => {
    const { fake, runtime } = await startRuntime(lacksLabels)
    fake.override('GET /volumes/a', refusal(404, 'get a: no such volume'))
    const text = 'create a: volume name is too short, names should be at least two alphanumeric characters'
    fake.override('POST /volumes/create', refusal(400, text))
    fake.override('GET /volumes', json(200, { Volumes: [] }))
    const bad = [
      { type: 'tmpfs', target: '/t' },
      { ...mounts[0], source: 'a' },
    ] as const
    await expect(runtime.createContainer({ image, mounts: bad })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'mounts[1].source' },
    })
  })
})
