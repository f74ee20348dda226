import type { SidecarConfig } from '@capstan/core'
import { describe, expect, test } from 'vitest'
import { startRuntime } from '../start-runtime.js'

const image = 'busybox:1'

describe('startContainer and stopContainer', () => {
  test('send one request each, and resolve when repeated', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['sleep'] })
    fake.requests.length = 0
    await runtime.startContainer(id)
    await runtime.startContainer(id)
    await runtime.stopContainer(id, { graceMs: 1_500 })
    await runtime.stopContainer(id, { graceMs: 0 })
    expect(fake.log()).toEqual(['start', 'start', 'stop', 'stop'].map((verb) => `POST /containers/${id}/${verb}`))
    expect(fake.requests.slice(2).map(({ query }) => query.get('t'))).toEqual(['2', '0'])
  })

  test('resolve for the stop of a missing container, and reject for its start', async () => {
    const { runtime } = await startRuntime()
    await runtime.stopContainer('gone')
    await expect(runtime.startContainer('gone')).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
  })

  test('reject with NOT_RUNNING of the container whose network the start needs, with its state', async () => {
    const { fake, runtime } = await startRuntime()
    const { id: owner } = fake.state.createContainer('owner', {})
    const { id } = fake.state.createContainer('sharing', { HostConfig: { NetworkMode: `container:${owner}` } })
    fake.override('POST /containers/*/start', (reply) =>
      reply.refuse(409, `cannot join network of a non running container: ${owner}`),
    )
    await expect(runtime.startContainer(id)).rejects.toMatchObject({
      code: 'NOT_RUNNING',
      facts: { id: owner, state: 'created' },
    })
  })

  test('reject with COMMAND_NOT_STARTED for a missing command, and do not remove the container', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['nosuch'] })
    fake.override('POST /containers/*/start', (reply) =>
      reply.refuse(400, 'OCI runtime create failed: exec: "nosuch": executable file not found in $PATH: unknown'),
    )
    await expect(runtime.startContainer(id)).rejects.toMatchObject({
      code: 'COMMAND_NOT_STARTED',
      facts: { id, command: ['nosuch'], exitCode: 127 },
    })
    expect(fake.state.containers.size).toBe(1)
  })

  test.each([
    [{ Privileged: true }, 'privileged', 'true'],
    [{ CapAdd: ['SYS_RESOURCE'] }, 'capAdd', 'SYS_RESOURCE'],
  ])(
    'reject with OPTION_UNSUPPORTED of the option that requested unavailable capabilities (%j)',
    async (HostConfig, field, given) => {
      const { fake, runtime } = await startRuntime()
      const { id } = fake.state.createContainer('c', { HostConfig })
      fake.override('POST /containers/*/start', (reply) =>
        reply.refuse(500, 'unable to apply caps: operation not permitted'),
      )
      await expect(runtime.startContainer(id)).rejects.toMatchObject({
        code: 'OPTION_UNSUPPORTED',
        facts: { field, given },
      })
    },
  )

  test.each([
    [['nosuch'], 'groupAdd'],
    [['wheel'], 'user'],
    [undefined, 'user'],
  ])('reject with INVALID_ARGUMENT for a missing group, with groupAdd %j of field %s', async (groupAdd, field) => {
    const { fake, runtime } = await startRuntime()
    const text = 'unable to find group nosuch: no matching entries in group file' // Docker 28 for both fields
    fake.override('POST /containers/*/start', (reply) => reply.refuse(500, text))
    const { id: foreign } = fake.state.createContainer('c', { HostConfig: { GroupAdd: groupAdd ?? null } })
    const own = await runtime.createContainer({ image, user: 'root:nosuch', ...(groupAdd && { groupAdd }) })
    const removed = await runtime.createContainer({ image, autoRemove: true, ...(groupAdd && { groupAdd }) })
    fake.state.containers.delete(removed)
    for (const id of [foreign, own, removed]) {
      await expect(runtime.startContainer(id)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        facts: { field, given: '"nosuch"' },
      })
    }
  })

  test.each([
    ['unable to find group nosuch: no matching entries in group file', 500, { facts: { field: 'user' } }],
    ['could not select device driver "" with capabilities: [[gpu]]', 500, { facts: { field: 'gpus' } }],
    ['unable to apply caps: operation not permitted', 500, { facts: { field: 'privileged' } }],
    ['cannot join network of a non running container: owner', 409, { code: 'NOT_RUNNING' }],
  ])(
    'reject with the error of the start when the engine has removed the container: %s',
    async (text, status, error) => {
      const { fake, runtime } = await startRuntime()
      fake.state.createContainer('owner', {})
      fake.override('POST /containers/*/start', (reply) => reply.refuse(status, text))
      await expect(runtime.startContainer('gone')).rejects.toMatchObject(error)
    },
  )

  test('reject an id with path separators without a request', async () => {
    const { fake, runtime } = await startRuntime()
    for (const id of ['', '../images/x', 'a/b', 'a?x', '-a', 'a b', 'a\n']) {
      await expect(runtime.startContainer(id)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        facts: { field: 'id' },
      })
      await expect(runtime.removeContainer(id)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(fake.requests).toHaveLength(0)
  })
})

describe('removeContainer', () => {
  test('removes by force with anonymous volumes, and resolves for a missing container', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['sleep'] })
    await runtime.startContainer(id)
    await runtime.removeContainer(id)
    expect(fake.requests.at(-1)).toMatchObject({ method: 'DELETE', rawPath: `/v1.41/containers/${id}?force=1&v=1` })
    await runtime.removeContainer(id)
  })

  test('waits for a removal by another client', async () => {
    const { fake, runtime } = await startRuntime()
    const { id } = fake.state.createContainer('c', {})
    let asked = 0
    fake.override('DELETE /containers/*', (reply) => {
      asked += 1
      if (asked < 3) reply.refuse(409, `removal of container ${id} is already in progress`)
      else reply.refuse(404, `No such container: ${id}`)
    })
    await runtime.removeContainer(id)
    expect(asked).toBe(3)
  })

  test('repeats the removal when a removal by another client is in progress at first', async () => {
    const { fake, runtime } = await startRuntime()
    const { id } = fake.state.createContainer('c', {})
    let count = 0
    fake.override('DELETE /containers/*', (reply) => {
      count += 1
      if (count === 1) reply.refuse(409, `removal of container ${id} is already in progress`)
      else reply.raw(204, '')
    })
    await runtime.removeContainer(id)
    expect(count).toBe(2)
  })
})

describe('containerState and listContainers', () => {
  test.each([
    ['created', 'created'],
    ['running', 'running'],
    ['paused', 'paused'],
    ['removing', 'stopping'],
    ['exited', 'exited'],
    ['dead', 'dead'],
    ['levitating', 'unknown'],
  ])('convert the state %s to %s', async (status, state) => {
    const { fake, runtime } = await startRuntime()
    fake.override('GET /containers/*/json', (reply) => reply.json(200, { Id: 'c', State: { Status: status } }))
    expect(await runtime.containerState('c')).toBe(state)
  })

  test('list all containers with full ids and names without slash, filtered by the engine', async () => {
    const { fake, runtime } = await startRuntime()
    const { id } = fake.state.createContainer('one', { Image: image, Labels: { a: '1' } })
    fake.state.createContainer('two', { Labels: {} })
    expect(await runtime.listContainers({ labels: { a: '1' } })).toEqual([
      { id, name: 'one', image, state: 'created', createdAt: new Date(1_700_000_000_000), labels: { a: '1' } },
    ])
    expect(fake.requests[0]?.query.get('all')).toBe('1')
    expect(fake.requests[0]?.query.get('filters')).toBe('{"label":["a=1"]}')
  })
})

describe('resizeTTY', () => {
  const size = { height: 24, width: 80 }

  test('stores the size before the start, and the start applies it', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['sleep'], tty: true, name: 'n' })
    await runtime.resizeTTY('n', size)
    await runtime.startContainer(id)
    expect(fake.state.findContainer(id)?.size).toBe('24x80')
  })

  test('sends one request for a running container, and does nothing after the exit', async () => {
    const { fake, runtime } = await startRuntime()
    const id = await runtime.createContainer({ image, command: ['sleep'], tty: true })
    await runtime.startContainer(id)
    fake.requests.length = 0
    await runtime.resizeTTY(id, size)
    expect(fake.log()).toEqual([`POST /containers/${id}/resize`])
    await runtime.stopContainer(id)
    await runtime.resizeTTY(id, size)
  })

  test('rejects with INVALID_ARGUMENT and the field for an invalid size, without a request', async () => {
    const { fake, runtime } = await startRuntime()
    for (const [given, field] of [
      [{ height: 0, width: 0 }, 'size.height'],
      [{ height: 1, width: 70_000 }, 'size.width'],
      [{ height: 1.5, width: 1 }, 'size.height'],
      [{ height: Number.NaN, width: 1 }, 'size.height'],
    ] as const) {
      await expect(runtime.resizeTTY('c', given)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field } })
    }
    expect(fake.requests).toHaveLength(0)
  })

  test('does nothing for a container without a terminal, created, running or exited', async () => {
    const { fake, runtime } = await startRuntime()
    fake.override('POST /containers/*/resize', (reply) => reply.refuse(500, 'container has no terminal'))
    const id = await runtime.createContainer({ image, command: ['sleep'] })
    await runtime.resizeTTY(id, size)
    await runtime.startContainer(id)
    await runtime.resizeTTY(id, size)
    await runtime.stopContainer(id)
    await runtime.resizeTTY(id, size)
    expect(fake.state.findContainer(id)?.size).toBeUndefined()
    expect(fake.log().filter((line) => line.endsWith('/resize'))).toHaveLength(3)
  })

  test('rejects with CONTAINER_NOT_FOUND for a missing container', async () => {
    const { runtime } = await startRuntime()
    await expect(runtime.resizeTTY('gone', size)).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
  })
})

describe('getPortBindings', () => {
  test('polls for a mapping that appears after the start', async () => {
    const { fake, runtime } = await startRuntime()
    let looks = 0
    fake.override('GET /containers/*/json', (reply) => {
      looks += 1
      const Ports = looks < 3 ? {} : { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '40000' }] }
      const HostConfig = { PortBindings: { '80/tcp': [{}] } }
      reply.json(200, { Id: 'c', State: { Running: true }, HostConfig, NetworkSettings: { Ports } })
    })
    expect([...(await runtime.getPortBindings('c'))]).toEqual([[80, 40_000]])
  })

  test('sends one request when no port is published or the container does not run', async () => {
    const { fake, runtime } = await startRuntime()
    const HostConfig = { PortBindings: { '80/tcp': [{ HostPort: '' }] } }
    for (const id of [fake.state.createContainer('a', { HostConfig }).id, fake.state.createContainer('b', {}).id]) {
      expect((await runtime.getPortBindings(id)).size).toBe(0)
    }
    expect(fake.requests).toHaveLength(2)
  })
})

describe('inspectContainer', () => {
  test('lists each published port with protocol and host address while the container runs', async () => {
    const { fake, runtime } = await startRuntime()
    const Ports = {
      '80/tcp': [
        { HostIp: '0.0.0.0', HostPort: '40000' },
        { HostIp: '::', HostPort: '40001' },
      ],
      '53/udp': [{ HostIp: '127.0.0.1', HostPort: '5353' }],
      '90/tcp': null,
    }
    const inspected = (Running: boolean) => ({ Id: 'c', State: { Running }, NetworkSettings: { Ports } })
    fake.override('GET /containers/*/json', (reply) => reply.json(200, inspected(true)))
    expect((await runtime.inspectContainer('c')).ports).toEqual([
      { containerPort: 80, hostPort: 40_000, hostAddress: '0.0.0.0', protocol: 'tcp' },
      { containerPort: 80, hostPort: 40_001, hostAddress: '::', protocol: 'tcp' },
      { containerPort: 53, hostPort: 5_353, hostAddress: '127.0.0.1', protocol: 'udp' },
    ])
    fake.override('GET /containers/*/json', (reply) => reply.json(200, inspected(false)))
    expect((await runtime.inspectContainer('c')).ports).toEqual([])
  })
})

describe('the addresses in inspectContainer', () => {
  test.each([
    ['running', '10.89.0.2', '10.89.0.1'],
    ['paused', '10.89.0.2', '10.89.0.1'],
    ['created', undefined, undefined],
    ['exited', undefined, undefined], // Podman 5.8 reports the addresses until it has cleaned up
  ] as const)('of a container that is %s are %s and %s', async (status, ipAddress, gateway) => {
    const { fake, runtime } = await startRuntime()
    const container = fake.state.createContainer('c', {})
    container.networks = { net: { NetworkID: 'n1', IPAddress: '10.89.0.2', Gateway: '10.89.0.1', Aliases: ['a'] } }
    container.status = status
    expect((await runtime.inspectContainer(container.id)).networks).toEqual([
      { networkId: 'n1', networkName: 'net', ipAddress, gateway, aliases: ['a'] },
    ])
  })
})

describe('getHostAddress', () => {
  const network = (config: object, more: object = {}) => ({ Id: 'n', Name: 'n', IPAM: { Config: [config] }, ...more })

  test('resolves with the gateway of the default network, or of the given one', async () => {
    const { fake, runtime } = await startRuntime()
    fake.state.networks.set('bridge', network({ Subnet: '172.17.0.0/16', Gateway: '172.17.0.1' }))
    fake.state.networks.set('other', network({ Gateway: '10.1.0.1/24' }))
    expect(await runtime.getHostAddress()).toBe('172.17.0.1')
    expect(await runtime.getHostAddress({ networkId: 'other' })).toBe('10.1.0.1')
  })

  test('resolves with the first address of a default network without a gateway', async () => {
    const { fake, runtime } = await startRuntime()
    const Options = { 'com.docker.network.bridge.default_bridge': 'true' }
    fake.state.networks.set('bridge', network({ Subnet: '172.18.0.0/16' }, { Options }))
    expect(await runtime.getHostAddress()).toBe('172.18.0.1')
  })

  test('resolves with undefined for a network without a gateway, rejects with NETWORK_NOT_FOUND for an absent one', async () => {
    const { fake, runtime } = await startRuntime()
    fake.state.networks.set('inner', network({ Subnet: '10.0.0.0/24' }))
    expect(await runtime.getHostAddress({ networkId: 'inner' })).toBeUndefined()
    await expect(runtime.getHostAddress({ networkId: 'gone' })).rejects.toMatchObject({ code: 'NETWORK_NOT_FOUND' })
  })

  test('resolves without a request with the hostAddress of the plugin, and with undefined for an engine elsewhere', async () => {
    const { engine } = await startRuntime()
    const facts = { ...engine.details.facts, location: 'elsewhere' } as const
    const given = await startRuntime({ hostAddress: '10.9.9.9', facts })
    expect(await given.runtime.getHostAddress()).toBe('10.9.9.9')
    const elsewhere = await startRuntime({ facts })
    expect(await elsewhere.runtime.getHostAddress()).toBeUndefined()
    const rootless = await startRuntime({ facts: { ...engine.details.facts, rootless: true } })
    expect(await rootless.runtime.getHostAddress()).toBeUndefined()
    expect([given.fake, elsewhere.fake, rootless.fake].flatMap(({ requests }) => requests)).toEqual([])
  })

  test('rejects with NETWORK_NOT_FOUND for an absent network, and with RUNTIME_UNAVAILABLE after close, wherever the engine is', async () => {
    const { engine } = await startRuntime()
    const facts = { ...engine.details.facts, location: 'elsewhere' } as const
    for (const { runtime } of [await startRuntime({ hostAddress: '10.9.9.9', facts }), await startRuntime({ facts })]) {
      await expect(runtime.getHostAddress({ networkId: 'gone' })).rejects.toMatchObject({ code: 'NETWORK_NOT_FOUND' })
      await runtime.close()
      await expect(runtime.getHostAddress()).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    }
  })
})

test.each(['network', 'network.host'] as const)(
  'supportsHostNetwork is false when %s is unsupported',
  async (field) => {
    expect((await startRuntime()).runtime.supportsHostNetwork()).toBe(true)
    const unsupportedOptions = [{ field, reason: 'of the machine', remedy: undefined }]
    expect((await startRuntime({ unsupportedOptions })).runtime.supportsHostNetwork()).toBe(false)
  },
)

describe('startSidecar', () => {
  test('removes the container after a failed start, and rejects with the first error', async () => {
    const { fake, sidecars } = await startRuntime()
    fake.override('POST /containers/*/start', (reply) => reply.refuse(500, 'no start'))
    await expect(sidecars.startSidecar({ image, name: 's' })).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { operation: 'startSidecar', reason: 'no start' },
    })
    expect(fake.state.containers.size).toBe(0)
  })

  test('rejects with the first error, and a failed removal in undoFailures', async () => {
    const { fake, sidecars } = await startRuntime()
    fake.override('POST /containers/*/start', (reply) => reply.refuse(500, 'no start'))
    fake.override('DELETE /containers/*', (reply) => reply.refuse(500, 'stuck'))
    await expect(sidecars.startSidecar({ image, name: 's' })).rejects.toMatchObject({
      facts: { reason: 'no start' },
      undoFailures: [{ facts: { reason: 'stuck' } }],
    })
  })

  test('rejects an invalid config, or one with fields of containers only, before any request', async () => {
    const { fake, sidecars } = await startRuntime()
    const seen = fake.requests.length
    for (const config of [undefined, { image }, { image, name: 's', network: { mode: 'host' } }]) {
      const start = sidecars.startSidecar(config as SidecarConfig)
      await expect(start).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(fake.requests).toHaveLength(seen)
  })

  test('inspectContainer of the manager and of the runtime resolve with the same inspection', async () => {
    const { runtime, sidecars } = await startRuntime()
    const id = await sidecars.startSidecar({ image, name: 's', command: ['sleep'] })
    const inspection = await runtime.inspectContainer(id)
    expect(await sidecars.inspectContainer(id)).toEqual(inspection)
    expect(inspection).toMatchObject({
      id,
      name: 's',
      image,
      state: { status: 'running', running: true, exitCode: undefined, finishedAt: undefined },
    })
    await expect(sidecars.inspectContainer('gone')).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
  })
})

describe('ping', () => {
  test('resolves when the engine answers, and rejects with CONNECTION_LOST otherwise', async () => {
    const { fake, runtime } = await startRuntime()
    await runtime.ping()
    await fake.die()
    await expect(runtime.ping()).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })
})
