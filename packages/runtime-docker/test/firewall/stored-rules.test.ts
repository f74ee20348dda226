import { describe, expect, test } from 'vitest'
import { DockerRuntime } from '../../src/docker-runtime.js'
import { collectOutput } from '../collect-output.js'
import { connectEngine } from '../connect-engine.js'
import type { FakeHandler } from '../fake/fake-docker-engine.js'
import type { FakeContainer } from '../fake/fake-engine-state.js'
import { route } from '../fake/fake-routes.js'
import { frame } from '../fake/frames.js'
import { type StartedRuntime, startRuntime } from '../start-runtime.js'

const rules = { proxyHost: '10.0.0.1', proxyPort: 3_128 }
const image = 'busybox:1'

/** Records each start of a container other than sandboxes and helpers, and whether its network was open. */
function watchStarts({ fake }: StartedRuntime) {
  const starts: { readonly name: string; readonly isOpen: boolean }[] = []
  fake.onRequest = ({ method, path }) => {
    const [, id = ''] = /^POST \/containers\/([^/]+)\/start$/.exec(`${method} ${path}`) ?? []
    const container = fake.state.findContainer(id)
    if (container === undefined || container.config.Entrypoint !== undefined || container.status === 'running') return
    starts.push({ name: container.name, isOpen: isOpen(fake.state.findContainer.bind(fake.state), container) })
  }
  return starts
}

function isOpen(find: (id: string) => FakeContainer | undefined, container: FakeContainer): boolean {
  const [, owner] = /^container:(.*)$/.exec(String(container.hostConfig.NetworkMode)) ?? []
  if (owner !== undefined) return find(owner)?.rules === 'none'
  return Object.keys(container.networks).some((network) => network !== 'none')
}

async function createRestricted(started: StartedRuntime, command: readonly string[], changes: object = {}) {
  const id = await started.runtime.createContainer({ image, command, name: 'c', ...changes })
  const container = started.fake.state.findContainer(id)
  if (container !== undefined) container.networks = { bridge: {} }
  await started.firewalls.setupFirewall(id, rules)
  return id
}

/** A container that this runtime did not create, or that has run before. */
async function makeForeign(started: StartedRuntime, command: readonly string[]): Promise<FakeContainer> {
  const container = started.fake.state.createContainer('c', { Image: image, Cmd: command })
  container.networks = { net: { Aliases: ['alias', container.id.slice(0, 12)] } }
  await started.firewalls.setupFirewall(container.id, rules)
  return container
}

/** A runtime of another process on the same engine. */
function connectOther({ fake }: StartedRuntime): DockerRuntime {
  return new DockerRuntime(connectEngine({ socketPath: fake.socketPath, apiVersion: '1.41' }).engine)
}

async function readLog(runtime: DockerRuntime, id: string): Promise<string> {
  let text = ''
  for await (const { bytes } of await runtime.containerLogs(id, { follow: true })) text += Buffer.from(bytes).toString()
  return text
}

describe('the first start under stored rules', () => {
  test('starts the container in the network namespace of a sandbox that has the rules, and its first id remains valid', async () => {
    const started = await startRuntime()
    const { fake, runtime } = started
    const starts = watchStarts(started)
    const id = await createRestricted(started, ['sleep'])
    await runtime.startContainer(id)
    expect(starts).toEqual([{ name: 'c', isOpen: false }])
    expect(fake.state.findContainer(id)).toBeUndefined()
    expect(await runtime.containerState(id)).toBe('running')
    expect((await runtime.listContainers()).map((listed) => [listed.id, listed.name])).toEqual([[id, 'c']])
    await runtime.removeContainer(id)
    expect(fake.state.containers.size).toBe(0)
  })

  test('returns the output and the exit code of a process that ends at once; with autoRemove all containers are removed', async () => {
    const started = await startRuntime()
    const id = await createRestricted(started, ['echo', 'hello'], { autoRemove: true })
    const stdout = collectOutput()
    expect(await started.runtime.startAttached(id, { stdout: stdout.stream })).toBe(0)
    expect(stdout.text()).toBe('hello\n')
    expect(started.fake.state.containers.size).toBe(0)
  })

  test.each([
    ['stays', false],
    ['is removed by the engine', true],
  ])('ends a wait that was opened before it, when the container %s', async (_, autoRemove) => {
    const started = await startRuntime({}, { inspectIntervalMs: 10 })
    const id = await createRestricted(started, ['exit', '3'], { autoRemove })
    const code = started.runtime.waitContainer(id)
    await expect.poll(() => started.fake.log()).toContain(`POST /containers/${id}/wait`)
    await started.runtime.startContainer(id)
    expect(await code).toBe(3)
  })

  test('creates the sandbox with the network settings, and the container with all others', async () => {
    const started = await startRuntime()
    started.fake.state.networks.set('net', { Id: 'net', Name: 'net' })
    const id = await createRestricted(started, ['sleep'], {
      hostname: 'host',
      dns: ['10.0.0.53'],
      extraHosts: { name: '10.0.0.7' },
      ports: [{ containerPort: 80, hostPort: 8_080 }],
      network: { mode: 'networks', networks: [{ networkId: 'net', aliases: ['alias'] }] },
      memoryBytes: 64 * 1024 * 1024,
      labels: { mine: '1' },
    })
    const first = started.fake.state.findContainer(id)
    if (first !== undefined) first.networks = { net: {} }
    await started.runtime.startContainer(id)
    const bodies = started.fake.requests.filter(({ path }) => path === '/containers/create').map(({ json }) => json)
    const [, sandbox, container] = bodies
    expect(sandbox).toMatchObject({
      Hostname: 'host',
      ExposedPorts: { '80/tcp': {} },
      HostConfig: {
        NetworkMode: 'net',
        Dns: ['10.0.0.53'],
        ExtraHosts: ['name:10.0.0.7'],
        PortBindings: { '80/tcp': [{ HostPort: '8080' }] },
        CapDrop: ['ALL'],
      },
      NetworkingConfig: { EndpointsConfig: { net: { Aliases: ['alias', 'c', id.slice(0, 12)] } } },
    })
    expect(sandbox).not.toHaveProperty(['Labels', 'mine'])
    expect(container).toMatchObject({ Cmd: ['sleep'], Labels: { mine: '1' }, HostConfig: { Memory: 67_108_864 } })
    expect(Object.keys(container ?? {})).not.toEqual(expect.arrayContaining(['Hostname']))
    expect(container).not.toHaveProperty('ExposedPorts')
    expect(container).not.toHaveProperty('NetworkingConfig')
    expect(container?.HostConfig).not.toHaveProperty('PortBindings')
  })

  test.each(['its id', 'its name'])(
    'passes the output on to a log that is followed by %s since before the start',
    async (by) => {
      const started = await startRuntime()
      const { fake, runtime } = started
      const id = await createRestricted(started, ['exit', '0'])
      fake.override('GET /containers/*/logs', (reply, { path }) => {
        const container = fake.state.findContainer(path.split('/')[2] ?? '')
        const response = reply.open()
        if (container?.status === 'created') container.events.once('removed', () => response.end())
        else response.end(frame(1, '2026-01-02T03:04:05.000000001Z hello\n'))
      })
      const log = readLog(runtime, by === 'its id' ? id : 'c')
      await expect.poll(() => fake.log().join()).toContain('/logs')
      await runtime.startContainer(id)
      expect(await log).toBe('hello\n')
    },
  )

  test('a followed log ends without an error when the container is removed', async () => {
    const started = await startRuntime()
    const { fake, runtime } = started
    const id = await createRestricted(started, ['sleep'])
    await runtime.startContainer(id)
    let end = () => {}
    fake.override('GET /containers/*/logs', (reply) => {
      const response = reply.open()
      response.write(frame(1, '2026-01-02T03:04:05.000000001Z hello\n'))
      end = () => void response.end()
    })
    let text = ''
    for await (const { bytes } of await runtime.containerLogs(id, { follow: true })) {
      text += Buffer.from(bytes).toString()
      await runtime.removeContainer(id)
      end()
    }
    expect(text).toBe('hello\n')
  })

  test('uses the same sandbox at a second start, and sets the rules in it again', async () => {
    const started = await startRuntime()
    const starts = watchStarts(started)
    const id = await createRestricted(started, ['exit', '3'])
    for (const _ of [1, 2]) {
      await started.runtime.startContainer(id)
      expect(await started.runtime.waitContainer(id)).toBe(3)
    }
    expect(starts).toEqual([
      { name: 'c', isOpen: false },
      { name: 'c', isOpen: false },
    ])
    expect(started.fake.state.containers.size).toBe(2)
  })

  test('stops the sandbox when the container is stopped', async () => {
    const started = await startRuntime()
    const id = await createRestricted(started, ['sleep'])
    await started.runtime.startContainer(id)
    await started.runtime.stopContainer(id)
    expect([...started.fake.state.containers.values()].map(({ status }) => status)).toEqual(['exited', 'exited'])
  })

  test('rejects with FIREWALL_FAILED, not-started, where no image has the tools, and does not change the container', async () => {
    const started = await startRuntime({ firewallImage: 'tools:1' })
    const { fake, runtime } = started
    const starts = watchStarts(started)
    const id = await createRestricted(started, ['exit', '0'])
    fake.override('POST /exec/*/start', (reply) => {
      for (const exec of fake.state.execs.values()) exec.exitCode = 3
      reply.upgrade().end('capstan: no-tool iptables\n')
    })
    await expect(runtime.startContainer(id)).rejects.toMatchObject({
      code: 'FIREWALL_FAILED',
      facts: {
        id,
        containment: 'not-started',
        reason: expect.stringMatching(/tools:1: the engine does not have it.*own image.*no iptables.*firewallImage/),
      },
    })
    expect(starts).toEqual([])
    expect([...fake.state.containers.values()].map((left) => [left.id, left.name, left.status])).toEqual([
      [id, 'c', 'created'],
    ])
  })

  test('rejects with IN_USE when a port is taken', async () => {
    const started = await startRuntime()
    const id = await createRestricted(started, ['exit', '0'])
    started.fake.override('POST /containers/*/start', (reply) =>
      reply.refuse(500, 'driver failed: Bind for 127.0.0.1:8080 failed: port is already allocated'),
    )
    await expect(started.runtime.startContainer(id)).rejects.toMatchObject({ code: 'IN_USE' })
    expect(started.fake.state.containers.size).toBe(1)
  })

  test('does not create a container again that has had files copied into it', async () => {
    const started = await startRuntime()
    const starts = watchStarts(started)
    const id = await createRestricted(started, ['sleep'])
    started.fake.override('GET /containers/*/changes', (reply) => reply.json(200, [{ Path: '/x', Kind: 1 }]))
    await started.runtime.startContainer(id)
    expect(started.fake.state.findContainer(id)?.status).toBe('running')
    expect(starts).toEqual([{ name: 'c', isOpen: false }])
  })

  test('leaves no unrestricted container when the engine starts it after the abort', async () => {
    const started = await startRuntime()
    const { fake, runtime } = started
    const id = await createRestricted(started, ['sleep'])
    const abort = new AbortController()
    const late: (() => void)[] = []
    fake.override('POST /containers/*/start', (reply, request) => {
      const container = fake.state.findContainer(request.path.split('/')[2] ?? '')
      if (container?.config.Entrypoint !== undefined) return route(reply, request)
      late.push(() => void route(reply, request))
      return abort.abort(new Error('enough'))
    })
    await expect(runtime.startContainer(id, { signal: abort.signal })).rejects.toThrow('enough')
    for (const start of late) start()
    const container = [...fake.state.containers.values()].find(({ name }) => name === 'c')
    expect(container?.status).toBe('running')
    expect(container !== undefined && isOpen((one) => fake.state.findContainer(one), container)).toBe(false)
  })
})

describe('another process with this runtime', () => {
  test('finds the container by its first id, and removes the sandbox with it', async () => {
    const started = await startRuntime()
    const id = await createRestricted(started, ['sleep'])
    await started.runtime.startContainer(id)
    const other = connectOther(started)
    expect(await other.containerState(id)).toBe('running')
    await other.removeContainer(id)
    expect(started.fake.state.containers.size).toBe(0)
  })

  test('reads each line of a followed log once', async () => {
    const started = await startRuntime()
    const id = await createRestricted(started, ['sleep'])
    await started.runtime.startContainer(id)
    started.fake.override('GET /containers/*/logs', (reply) => {
      reply.open().end(frame(1, '2026-01-02T03:04:05.000000001Z hello\n'))
      started.fake.state.findContainer('c')?.exit(0)
    })
    expect(await readLog(connectOther(started), id)).toBe('hello\n')
  })

  test('lists a container that inherited the labels from an image by its own id', async () => {
    const started = await startRuntime()
    const id = await createRestricted(started, ['sleep'])
    await started.runtime.startContainer(id)
    const [inherited] = [...started.fake.state.containers.values()].flatMap(({ name, config }) =>
      name === 'c' ? [started.fake.state.createContainer('d', { Labels: config.Labels })] : [],
    )
    const listed = await started.runtime.listContainers()
    expect(listed.find(({ name }) => name === 'd')?.id).toBe(inherited?.id)
  })
})

describe('the start of a container that cannot be created again', () => {
  test('disconnects it from its networks until the rules are set, and then connects it as before', async () => {
    const started = await startRuntime()
    const starts = watchStarts(started)
    const container = await makeForeign(started, ['sleep'])
    await started.runtime.startContainer('c')
    expect(starts).toEqual([{ name: 'c', isOpen: false }])
    expect(container.networks).toEqual({ net: { Aliases: ['alias'] } })
    expect(container.rules).toBe('set')
    const log = started.fake.log()
    const joined = log.indexOf('POST /networks/net/connect')
    expect(log.slice(0, joined).filter((line) => line === 'POST /containers/create')).toHaveLength(1) // the seal
  })

  test.each([
    ['stays', false],
    ['is removed by the engine', true],
  ])(
    'rejects with FIREWALL_FAILED, ended, when the process ends before the rules are set and the container %s',
    async (_, AutoRemove) => {
      const started = await startRuntime()
      const container = started.fake.state.createContainer('c', { Cmd: ['exit', '3'], HostConfig: { AutoRemove } })
      container.networks = { net: {} }
      await started.firewalls.setupFirewall('c', rules)
      await expect(started.runtime.startContainer('c')).rejects.toMatchObject({
        code: 'FIREWALL_FAILED',
        facts: { id: container.id, containment: 'ended' },
        undoFailures: [],
      })
      expect(container.networks).toEqual(AutoRemove ? { none: {} } : { net: {} })
    },
  )

  test('does not connect a container that could not be sealed, and connects it at the next start', async () => {
    const started = await startRuntime()
    const { fake, runtime } = started
    const container = await makeForeign(started, ['sleep'])
    fake.override('POST /containers/*/exec', (reply) => reply.refuse(500, 'no exec here'))
    fake.override('POST /containers/create', (reply) => reply.refuse(500, 'no helper here'))
    await expect(runtime.startContainer('c')).rejects.toMatchObject({
      code: 'FIREWALL_FAILED',
      facts: { containment: 'disconnected', reason: expect.stringContaining('no helper here') },
    })
    expect(container.networks).toEqual({ none: {} })
    await runtime.stopContainer('c')
    fake.restore()
    await runtime.startContainer('c')
    expect(container.networks).toEqual({ net: { Aliases: ['alias'] } })
  })
})

describe('a start under stored rules', () => {
  test('sets the rules again before it starts a container that ended while the start was prepared', async () => {
    const started = await startRuntime()
    const { fake, runtime } = started
    const container = fake.state.createContainer('c', { Image: image, Cmd: ['sleep'] })
    container.networks = { net: {} }
    await runtime.startContainer('c')
    await started.firewalls.setupFirewall('c', rules)
    const starts = watchStarts(started)
    let inspections = 0
    fake.override('GET /containers/*/json', (reply, request) => {
      route(reply, request)
      inspections += 1
      if (inspections === 2) container.exit(0)
    })
    await runtime.startContainer('c')
    expect(starts).toEqual([{ name: 'c', isOpen: false }])
    expect(container.rules).toBe('set')
  })

  test('connects the container to the networks that another client has connected it to since its last start', async () => {
    const started = await startRuntime()
    const container = await makeForeign(started, ['sleep'])
    await started.runtime.startContainer('c')
    await started.runtime.stopContainer('c')
    container.networks = { other: {} }
    await started.runtime.startContainer('c')
    expect(Object.keys(container.networks)).toEqual(['other'])
  })

  test('can be repeated when an inspection before it failed', async () => {
    const started = await startRuntime()
    await createRestricted(started, ['sleep'])
    let inspections = 0
    started.fake.override('GET /containers/c/json', (reply, request) => {
      inspections += 1
      return inspections === 3 ? reply.refuse(500, 'out of order') : route(reply, request)
    })
    await expect(started.runtime.startContainer('c')).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
    await started.runtime.startContainer('c')
    expect(await started.runtime.containerState('c')).toBe('running')
  })
})

test('removes the sandbox of a stopped container that is removed by its name', async () => {
  const started = await startRuntime()
  const id = await createRestricted(started, ['sleep'])
  await started.runtime.startContainer(id)
  await started.runtime.stopContainer(id)
  await started.runtime.removeContainer('c')
  expect(started.fake.state.containers.size).toBe(0)
})

describe('each request of a start under stored rules', () => {
  const kinds = {
    'created here': (started: StartedRuntime) => createRestricted(started, ['sleep']),
    'created elsewhere': async (started: StartedRuntime) => (await makeForeign(started, ['sleep'])).id,
  }

  test.each(Object.entries(kinds))(
    'does not start the container unrestricted when refused, and creates only containers with owner labels: %s',
    async (_, make) => {
      const count = await countRequests(make)
      for (let index = 0; index < count; index += 1) {
        const started = await startRuntime()
        const { fake, runtime } = started
        const id = await make(started)
        const starts = watchStarts(started)
        replaceAt(started, index, (reply) => reply.refuse(500, 'out of order'))
        const outcome = await runtime.startContainer(id).then(
          () => 'started',
          (error: unknown) => error,
        )
        expect([index, starts.filter((start) => start.isOpen)]).toEqual([index, []])
        const own = [...fake.state.containers.values()].filter(({ name }) => name === 'c')
        expect([index, own.length]).toEqual([index, 1])
        const isRestricted = own.every((container) => container.status !== 'running' || !isLeaky(started, container))
        expect([index, isRestricted]).toEqual([index, true])
        if (outcome !== 'started')
          expect([index, outcome]).toEqual([index, expect.objectContaining({ name: 'HostError' })])
        await runtime.removeContainer(id)
        const left = [...fake.state.containers.values()].map((container) => [container.name, container.config.Labels])
        const unlabelled = left.filter(([, labels]) => !Object.hasOwn(labels ?? {}, 'capstan.owner.instance'))
        expect([index, unlabelled]).toEqual([index, []])
      }
    },
  )

  test.each(Object.entries(kinds))(
    'rejects with the reason of an abort when it and all later ones are unanswered: %s',
    async (_, make) => {
      const count = await countRequests(make)
      for (let index = 0; index < count; index += 1) {
        const started = await startRuntime({}, { undoMs: 50, abortGraceMs: 20, lateResultMs: 10 })
        const id = await make(started)
        const starts = watchStarts(started)
        const abort = new AbortController()
        hangFrom(started, index, () => abort.abort(new Error('enough')))
        await expect(started.runtime.startContainer(id, { signal: abort.signal })).rejects.toThrow('enough')
        expect([index, starts.filter((start) => start.isOpen)]).toEqual([index, []])
      }
    },
  )
})

test('setupFirewall rejects with the reason of an abort when a request is not answered, and warns that cleanup is incomplete', async () => {
  for (let index = 0; ; index += 1) {
    const started = await startRuntime({}, { undoMs: 50, abortGraceMs: 20, lateResultMs: 10 })
    const container = started.fake.state.createContainer('c', { Image: image, Cmd: ['sleep'] })
    await started.runtime.startContainer('c')
    started.fake.requests.length = 0
    const abort = new AbortController()
    hangFrom(started, index, () => abort.abort(new Error('enough')))
    const outcome = await started.firewalls.setupFirewall('c', rules, { signal: abort.signal }).then(
      () => 'set',
      (error: unknown) => error,
    )
    if (outcome === 'set') {
      expect(index).toBeGreaterThan(5)
      expect(container.rules).toBe('set')
      return
    }
    expect([index, outcome]).toEqual([index, new Error('enough')])
    const helpers = [...started.fake.state.containers.values()].filter(({ name }) => name !== 'c')
    if (helpers.length > 0) expect([index, started.warnings]).toEqual([index, [expect.stringContaining('may be left')]])
    for (const { config } of helpers) expect(config.Labels).toHaveProperty(['capstan.owner.instance'])
  }
})

function isLeaky({ fake }: StartedRuntime, container: FakeContainer): boolean {
  return container.rules === 'none' && isOpen((id) => fake.state.findContainer(id), container)
}

async function countRequests(make: (started: StartedRuntime) => Promise<string>): Promise<number> {
  const started = await startRuntime()
  const id = await make(started)
  started.fake.requests.length = 0
  await started.runtime.startContainer(id)
  return started.fake.requests.length
}

/** Answers the request of that index with the handler. */
function replaceAt({ fake }: StartedRuntime, index: number, handler: FakeHandler): void {
  const before = fake.requests.length
  fake.override('* *', (reply, request) => {
    return fake.requests.indexOf(request) === before + index ? handler(reply, request) : route(reply, request)
  })
}

function hangFrom({ fake }: StartedRuntime, index: number, onHang: () => void): void {
  const before = fake.requests.length
  fake.override('* *', (reply, request) => {
    return fake.requests.indexOf(request) < before + index ? route(reply, request) : onHang()
  })
}
