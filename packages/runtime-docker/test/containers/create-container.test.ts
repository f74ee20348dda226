import { ownershipLabelKeys } from '@capstan/core/plugin'
import { describe, expect, test } from 'vitest'
import type { DockerDetails } from '../../src/engine/docker-details.js'
import { startRuntime } from '../start-runtime.js'

const image = 'busybox:1'
const refuse = (field: 'privileged' | 'memoryBytes' | 'network.aliases'): Partial<DockerDetails> => ({
  unsupportedOptions: [{ field, reason: 'this engine cannot', remedy: undefined }],
})

describe('createContainer', () => {
  test('sends one request when the image exists, and resolves with the full id', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, name: 'one', labels: { team: 'a' } })
    expect(fake.log()).toEqual(['POST /containers/create'])
    expect(id).toBe(fake.state.findContainer('one')?.id)
  })

  test('sets the ownership labels', async () => {
    const { fake, runtime, instance } = await startRuntime()
    await runtime.createContainer({ image, labels: { team: 'a' } })
    expect(fake.requests[0]?.json.Labels).toMatchObject({
      team: 'a',
      [ownershipLabelKeys.instance]: instance,
      [ownershipLabelKeys.object]: 'container',
    })
  })

  test('rejects an invalid config without a request', async () => {
    const { fake, runtime } = await startRuntime()
    for (const [config, field] of [
      [{ image: '' }, 'image'],
      [{ image: 'a\nb' }, 'image'],
      [{ image, name: '-x' }, 'name'],
      [{ image, ports: [{ containerPort: 65_536 }] }, 'ports[0].containerPort'],
      [{ image, memoryBytes: 1_024 }, 'memoryBytes'],
    ] as const) {
      await expect(runtime.createContainer(config)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        facts: { field },
      })
    }
    expect(fake.requests).toHaveLength(0)
  })

  test('rejects unsupported options with OPTION_UNSUPPORTED without a request', async () => {
    const { fake, runtime } = await startRuntime(refuse('privileged'))
    await expect(runtime.createContainer({ image, privileged: true })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { runtime: 'docker', field: 'privileged', reason: 'this engine cannot' },
    })
    await expect(runtime.createContainer({ image, cpus: 3 })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'cpus' },
    })
    expect(fake.requests).toHaveLength(0)
  })

  test('removes the container and rejects with OPTION_UNSUPPORTED when the engine drops a limit with a warning', async () => {
    const { fake, runtime } = await startRuntime()
    const warning =
      'Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.'
    fake.override('POST /containers/create', (reply, { json }) => {
      const { id } = fake.state.createContainer('one', json)
      reply.json(201, { Id: id, Warnings: [warning] })
    })
    await expect(runtime.createContainer({ image, memoryBytes: 2 ** 26 })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'memoryBytes', reason: warning },
      undoFailures: [],
    })
    expect(fake.state.containers.size).toBe(0)
  })

  test('rejects with INVALID_ARGUMENT for an image reference that the engine does not accept', async () => {
    const { fake, runtime } = await startRuntime()
    const reason = 'invalid reference format: repository name must be lowercase'
    fake.override('POST /containers/create', (reply) => reply.refuse(400, reason))
    await expect(runtime.createContainer({ image: 'UPPER', name: 'n' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'image', given: '"UPPER"' },
    })
  })

  test.each(['host', 'none'])(
    'rejects with INVALID_ARGUMENT for a connection to the network "%s", which is a mode',
    async (Name) => {
      const { fake, runtime } = await startRuntime()
      fake.state.networks.set('n1', { Id: 'n1', Name })
      const network = { mode: 'networks', networks: [{ networkId: 'n1' }] } as const
      await expect(runtime.createContainer({ image, network })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        facts: {
          field: 'network.networks[0].networkId',
          expected: `another network: set network mode "${Name}" when the container is created`,
        },
      })
    },
  )

  test('rejects with INVALID_ARGUMENT and the path for the missing source of a bind mount', async () => {
    const { fake, runtime } = await startRuntime()
    const reason = 'invalid mount config for type "bind": bind source path does not exist: /b'
    fake.override('POST /containers/create', (reply) => reply.refuse(400, reason))
    const mounts = ['/a', '/b'].map((source) => ({ type: 'bind', source, target: `/to${source}` }) as const)
    await expect(runtime.createContainer({ image, mounts })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'mounts[1].source must be a path that exists on the machine of the engine, not "/b"',
    })
  })

  test('passes other warnings on', async () => {
    const { fake, runtime, warnings } = await startRuntime()
    fake.override('POST /containers/create', (reply, { json }) =>
      reply.json(201, { Id: fake.state.createContainer('one', json).id, Warnings: ['swap is off'] }),
    )
    await runtime.createContainer({ image, memoryBytes: 2 ** 26 })
    expect(warnings).toEqual(['swap is off'])
  })

  test('rejects with NAME_CONFLICT, the holder and its ownership for an existing name, and does not remove the holder', async () => {
    const { fake, runtime } = await startRuntime()
    const holderId = await runtime.createContainer({ image, name: 'one' })
    const stranger = fake.state.createContainer('two', { Labels: {} })
    await expect(runtime.createContainer({ image, name: 'one' })).rejects.toMatchObject({
      code: 'NAME_CONFLICT',
      facts: { name: 'one', holderId, sameOwner: true },
    })
    await expect(runtime.createContainer({ image, name: 'two' })).rejects.toMatchObject({
      facts: { name: 'two', holderId: stranger.id, sameOwner: false },
    })
    expect(fake.state.containers.size).toBe(2)
  })
})

describe('a missing image', () => {
  test('is pulled with progress, and the create is repeated', async () => {
    const { fake, runtime } = await startRuntime()
    const seen: string[] = []
    await runtime.createContainer({ image: 'other:2' }, { onProgress: ({ status }) => seen.push(status) })
    expect(fake.log().filter((line) => !line.startsWith('GET /images'))).toEqual([
      'POST /containers/create',
      'POST /images/create',
      'POST /containers/create',
    ])
    expect(seen).toContain('Pulling from library')
  })

  test("rejects with IMAGE_NOT_FOUND without a pull when pull is 'never'", async () => {
    const { fake, runtime } = await startRuntime()
    await expect(runtime.createContainer({ image: 'other:2', pull: 'never' })).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      facts: { image: 'other:2' },
    })
    expect(fake.log()).toEqual(['POST /containers/create'])
  })

  test('rejects with IMAGE_PULL_FAILED and the text of the registry when the pull fails under status 200', async () => {
    const { fake, runtime } = await startRuntime()
    const line = { errorDetail: { message: 'pull access denied for other' }, error: 'pull access denied for other' }
    fake.override('POST /images/create', (reply) => reply.raw(200, `${JSON.stringify(line)}\n`))
    await expect(runtime.createContainer({ image: 'other:2' })).rejects.toMatchObject({
      code: 'IMAGE_PULL_FAILED',
      facts: { image: 'other:2', registryText: expect.stringContaining('denied') },
    })
    expect(fake.state.containers.size).toBe(0)
  })
})

describe('networks', () => {
  const join = (networkId: string, ...aliases: string[]) => ({ networkId, aliases })

  test('that do not exist are rejected with NETWORK_NOT_FOUND before the create', async () => {
    const { fake, runtime } = await startRuntime()
    const network = { mode: 'networks', networks: [join('gone')] } as const
    await expect(runtime.createContainer({ image, network })).rejects.toMatchObject({
      code: 'NETWORK_NOT_FOUND',
      facts: { id: 'gone' },
    })
    expect(fake.log()).not.toContain('POST /containers/create')
  })

  test('are connected after the create, except the first one, before API 1.44', async () => {
    const { fake, runtime } = await startRuntime()
    for (const Id of ['n1', 'n2']) fake.state.networks.set(Id, { Id, Name: Id })
    const network = { mode: 'networks', networks: [join('n1', 'a'), join('n2', 'b')] } as const
    const id = await runtime.createContainer({ image, network })
    expect(fake.state.findContainer(id)?.config).toMatchObject({
      HostConfig: { NetworkMode: 'n1' },
      NetworkingConfig: { EndpointsConfig: { n1: { Aliases: ['a'] } } },
    })
    expect(fake.requests.at(-1)).toMatchObject({
      path: '/networks/n2/connect',
      json: { Container: id, EndpointConfig: { Aliases: ['b'] } },
    })
  })

  test('are all part of the create from API 1.44 on', async () => {
    const { fake, runtime } = await startRuntime({
      api: { version: '1.44', newest: '1.44', oldest: '1.24', pinned: false },
    })
    fake.newestApi = '1.44'
    for (const Id of ['n1', 'n2']) fake.state.networks.set(Id, { Id, Name: Id })
    await runtime.createContainer({ image, network: { mode: 'networks', networks: [join('n1'), join('n2', 'b')] } })
    expect(fake.log().at(-1)).toBe('POST /containers/create')
    expect(fake.requests.at(-1)?.json).toMatchObject({
      NetworkingConfig: { EndpointsConfig: { n1: {}, n2: { Aliases: ['b'] } } },
    })
  })

  test('that cannot be connected fail the create, and the container is removed', async () => {
    const { fake, runtime } = await startRuntime()
    for (const Id of ['n1', 'n2']) fake.state.networks.set(Id, { Id, Name: Id })
    fake.override('POST /networks/n2/connect', (reply) => reply.refuse(500, 'cannot join'))
    const network = { mode: 'networks', networks: [join('n1'), join('n2')] } as const
    await expect(runtime.createContainer({ image, network })).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { reason: 'cannot join' },
      undoFailures: [],
    })
    expect(fake.state.containers.size).toBe(0)
  })

  test('with aliases on the default network are rejected with OPTION_UNSUPPORTED', async () => {
    const { fake, runtime } = await startRuntime()
    fake.state.networks.set('bridge', { Id: 'b', Name: 'bridge' })
    const network = { mode: 'networks', networks: [join('bridge', 'a')] } as const
    await expect(runtime.createContainer({ image, network })).rejects.toMatchObject({
      facts: { field: 'network.aliases' },
    })
    expect(fake.state.containers.size).toBe(0)
  })
})

describe('an unanswered create', () => {
  test('is awaited after an abort, and the container is removed before the call rejects with the reason', async () => {
    const { fake, runtime } = await startRuntime()
    const controller = new AbortController()
    const reason = new Error('enough')
    fake.override('POST /containers/create', async (reply, { json }) => {
      controller.abort(reason)
      await new Promise((resolve) => setTimeout(resolve, 60)) // the engine continues after the abort
      reply.json(201, { Id: fake.state.createContainer('late', json).id })
    })
    await expect(runtime.createContainer({ image }, { signal: controller.signal })).rejects.toBe(reason)
    expect(fake.state.containers.size).toBe(0)
  })

  test('rejects with the reason without a search when the engine refuses it after the abort', async () => {
    const { fake, runtime } = await startRuntime()
    const controller = new AbortController()
    fake.override('POST /containers/create', (reply) => {
      controller.abort('enough')
      reply.refuse(500, 'no')
    })
    await expect(runtime.createContainer({ image }, { signal: controller.signal })).rejects.toBe('enough')
    expect(fake.log()).toEqual(['POST /containers/create'])
  })

  test('is undone by the label when the engine never answers after an abort', async () => {
    const { fake, runtime } = await startRuntime()
    const controller = new AbortController()
    fake.override('POST /containers/create', (_, { json }) => {
      fake.state.createContainer('made', json)
      controller.abort('enough')
    })
    await expect(runtime.createContainer({ image }, { signal: controller.signal })).rejects.toBe('enough')
    expect(fake.state.containers.size).toBe(0)
  })

  test('rejects with CONNECTION_LOST and removes the container when the connection is lost', async () => {
    const { fake, runtime } = await startRuntime()
    fake.override('POST /containers/create', (reply, { json }) => {
      fake.state.createContainer('made', json)
      reply.destroy()
    })
    await expect(runtime.createContainer({ image })).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(fake.state.containers.size).toBe(0)
  })

  test('rejects with the first error, and a failed undo in undoFailures', async () => {
    const { fake, runtime } = await startRuntime()
    fake.override('POST /containers/create', (reply, { json }) => {
      fake.state.createContainer('made', json)
      reply.destroy()
    })
    fake.override('DELETE /containers/*', (reply) => reply.refuse(500, 'stuck'))
    await expect(runtime.createContainer({ image })).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      undoFailures: [{ code: 'OPERATION_FAILED', facts: { reason: 'stuck' } }],
    })
  })
})
