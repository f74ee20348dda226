import type { ComposeProgress, ComposeUpOptions } from '@capstan/core'
import { ownershipLabelKeys } from '@capstan/core/plugin'
import { describe, expect, it } from 'vitest'
import { type MemoryFault, memoryPlugin } from '../src/index.js'
import { Collector } from './support/collect.js'
import { listObjects, noObjects, type OpenMemory, openMemory, openPlugin } from './support/open-memory.js'

const shop = `
services:
  web:
    image: busybox
    command: sh -c 'cat /data/ready; nc db 5432; sleep 1000'
    depends_on:
      db: {condition: service_healthy}
      setup: {condition: service_completed_successfully}
    volumes: ["data:/data:ro"]
    networks: [back, default]
  db:
    image: busybox
    command: nc -l -l -p 5432 -e echo from-db
    networks: [back]
    healthcheck: {test: [CMD, "true"], interval: 10ms}
  setup:
    image: busybox
    command: sh -c 'echo filled > /data/ready'
    volumes: ["data:/data"]
networks: {back: }
volumes: {data: }
`
const up = ({ compose }: OpenMemory, content: string, options: ComposeUpOptions = {}) =>
  compose.up({ name: 'shop', content }, options)
const readLog = async ({ runtime }: OpenMemory, id = '') => Buffer.from(await runtime.containerLogsAll(id)).toString()

describe('up', () => {
  it('creates and starts a project in the order of the dependencies, and resolves when all services are ready', async () => {
    await using memory = await openMemory()
    const project = await up(memory, shop)
    expect(project).toMatchObject({
      name: 'shop',
      networks: [
        { key: 'back', name: 'shop_back', external: false },
        { key: 'default', name: 'shop_default', external: false },
      ],
      volumes: [{ key: 'data', name: 'shop_data', external: false }],
      services: [
        { service: 'db', containers: [{ number: 1, state: 'running', health: 'healthy', exitCode: undefined }] },
        { service: 'setup', containers: [{ number: 1, state: 'exited', health: undefined, exitCode: 0 }] },
        { service: 'web', containers: [{ number: 1, state: 'running' }] },
      ],
    })
    const [id = ''] = project.services.find(({ service }) => service === 'web')?.containers.map((each) => each.id) ?? []
    await expect.poll(() => readLog(memory, id)).toBe('filled\nfrom-db\n')
    expect(await listObjects(memory)).toEqual({
      containers: expect.arrayContaining(['shop-db-1 running', 'shop-setup-1 exited', 'shop-web-1 running']),
      networks: ['shop_back', 'shop_default'],
      volumes: ['shop_data'],
      images: [],
    })
  })

  it('reports the steps of networks, volumes, images and containers', async () => {
    const main = async () => 0
    await using memory = await openMemory({ pullable: { 'app:1': { main } } })
    const events: ComposeProgress[] = []
    const content = 'services: {job: {image: "app:1", volumes: ["v:/v"]}}\nvolumes: {v: }'
    await up(memory, content, { jobs: ['job'], onProgress: (event) => events.push(event) })
    const steps = events.map(({ kind, id, service, status }) => `${kind} ${id} ${service ?? '-'} ${status}`)
    expect(steps).toEqual(
      expect.arrayContaining([
        'network shop_default - Created',
        'volume shop_v - Created',
        expect.stringMatching(/^image app:1 job /),
        'container job-1 job Created',
        'container job-1 job Started',
        'container job-1 job Exited',
      ]),
    )
  })

  it('keeps containers that have not changed, creates changed ones again, and follows the scale', async () => {
    await using memory = await openMemory()
    const content = (command: string, scale: number) =>
      `services: {a: {image: busybox, command: sleep 100}, b: {image: busybox, command: ${command}, scale: ${scale}}}`
    const ids = async (text: string) => {
      const { services } = await up(memory, text)
      return services.map(({ containers }) => containers.map(({ id }) => id))
    }
    const [a, b] = await ids(content('sleep 100', 2))
    expect([a?.length, b?.length]).toEqual([1, 2])
    expect(await ids(content('sleep 100', 2))).toEqual([a, b])
    const [sameA, changedB] = await ids(content('sleep 200', 1))
    expect(sameA).toEqual(a)
    expect(changedB).toHaveLength(1)
    expect(b).not.toContain(changedB?.[0])
    expect((await listObjects(memory)).containers).toHaveLength(2)
  })

  it('takes the scale of the options, and replaces or keeps containers as they say', async () => {
    await using memory = await openMemory()
    const content = (command: string) => `services: {a: {image: busybox, command: ${command}}}`
    const ids = async (text: string, options: ComposeUpOptions) => {
      const { services } = await up(memory, text, options)
      return services.flatMap(({ containers }) => containers.map(({ id }) => id))
    }
    const both = await ids(content('sleep 100'), { scale: { a: 2 } })
    expect(both).toHaveLength(2)
    expect(await ids(content('sleep 200'), { recreate: 'never' })).toEqual(both.slice(0, 1))
    const [replaced] = await ids(content('sleep 100'), { recreate: 'always' })
    expect(both).not.toContain(replaced)
    expect(await ids(content('sleep 100'), { scale: { a: 0 } })).toEqual([])
    expect((await listObjects(memory)).containers).toEqual([])
  })

  it('starts a service with the name of a member of every object', async () => {
    await using memory = await openMemory()
    const { services } = await up(memory, 'services: {constructor: {image: busybox, command: sleep 100}}')
    expect(services).toMatchObject([{ service: 'constructor', containers: [{ number: 1 }] }])
  })

  it('removes the containers of services that the files do not have if requested, but not of inactive ones', async () => {
    await using memory = await openMemory()
    const app = '{image: busybox, command: [sh, -c, "trap : TERM; sleep 100"]}'
    const more = `a: ${app}, tool: {image: busybox, command: sleep 100, profiles: [tools]}`
    await up(memory, `services: {${more}, gone: ${app}}`, { services: ['a', 'tool', 'gone'] })
    await up(memory, `services: {${more}}`)
    expect((await listObjects(memory)).containers).toHaveLength(3)
    await up(memory, `services: {${more}}`, { removeOrphans: true, graceMs: 0 })
    expect((await listObjects(memory)).containers.toSorted()).toEqual(['shop-a-1 running', 'shop-tool-1 running'])
  })

  it('until started resolves when services exit or are not healthy, but waits for dependencies', async () => {
    await using memory = await openMemory()
    const content = `
services:
  slow: {image: busybox, command: sleep 100, healthcheck: {test: exit 1, interval: 1h}}
  failing: {image: busybox, command: exit 3, depends_on: {setup: {condition: service_completed_successfully}}}
  setup: {image: busybox, command: sh -c "sleep 0.05"}
`
    const { services } = await up(memory, content, { until: 'started' })
    expect(services.map(({ service }) => service)).toEqual(['failing', 'setup', 'slow'])
    expect(services[1]?.containers[0]).toMatchObject({ state: 'exited', exitCode: 0 })
    const failing = { code: 'SERVICE_NOT_READY', facts: { service: 'setup' } }
    const rejected = expect(up(memory, content.replace('sleep 0.05', 'exit 1'), { until: 'started' })).rejects
    await rejected.toMatchObject(failing)
  })

  it('starts only the given services without their dependencies', async () => {
    await using memory = await openMemory()
    const { services } = await up(memory, shop, { services: ['web'], dependencies: false, until: 'started' })
    expect(services.map(({ service }) => service)).toEqual(['web'])
  })

  it('pulls images that exist with pull: "always"', async () => {
    const main = async () => 0
    await using memory = await openMemory({ pullable: { 'app:1': { main } } })
    const pulls: string[] = []
    const onProgress = ({ kind, status }: ComposeProgress) => {
      if (kind === 'image' && status === 'Resolving') pulls.push(status)
    }
    for (const pull of ['always', 'missing', 'always'] as const) {
      await up(memory, 'services: {a: {image: "app:1"}, b: {image: "app:1"}}', { until: 'started', pull, onProgress })
    }
    expect(pulls).toHaveLength(2)
    const missing = up(memory, 'services: {a: {image: "none:1"}}', { pull: 'always' })
    await expect(missing).rejects.toMatchObject({ code: 'IMAGE_PULL_FAILED' })
  })

  it('starts only the given services and those on which they depend, with what they use', async () => {
    await using memory = await openMemory()
    const { services } = await up(memory, shop, { services: ['db'] })
    expect(services.map(({ service }) => service)).toEqual(['db'])
    expect(await listObjects(memory)).toEqual({
      ...noObjects,
      containers: ['shop-db-1 running'],
      networks: ['shop_back'],
    })
  })

  it('activates the profiles of a given service that is not active, and starts no other service of them', async () => {
    await using memory = await openMemory()
    const content = `
services:
  web: {image: busybox, command: sleep 100}
  tool: {image: busybox, command: sleep 100, profiles: [tools], depends_on: [helper]}
  helper: {image: busybox, command: sleep 100, profiles: [tools]}
  other: {image: busybox, command: sleep 100, profiles: [tools]}
`
    const { services } = await up(memory, content, { services: ['tool'] })
    expect(services.map(({ service }) => service)).toEqual(['helper', 'tool'])
  })

  it('rejects a given service that depends on one of a profile that is not active', async () => {
    await using memory = await openMemory()
    const content = `
services:
  tool: {image: busybox, profiles: [tools], depends_on: [helper]}
  helper: {image: busybox, profiles: [help]}
`
    const facts = { given: expect.stringContaining('"helper", which does not exist or is not active') }
    const rejected = expect(up(memory, content, { services: ['tool'] })).rejects
    await rejected.toMatchObject({ code: 'INVALID_ARGUMENT', facts })
  })

  it.each([
    [{ services: ['none'] }, 'services[0]'],
    [{ jobs: ['none'] }, 'jobs[0]'],
    [{ scale: { none: 2 } }, 'scale["none"]'],
    [{ scale: { db: 2 }, services: ['setup'] }, 'scale["db"]'],
  ])('rejects %j before any side effect', async (options, field) => {
    await using memory = await openMemory()
    await expect(up(memory, shop, options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field } })
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('rejects a build as unsupported', async () => {
    await using memory = await openMemory()
    const facts = { field: 'compose-manager.build' }
    await expect(up(memory, shop, { build: true })).rejects.toMatchObject({ code: 'OPTION_UNSUPPORTED', facts })
  })

  it.each([
    [
      'exits',
      'command: sh -c "echo one; echo two; exit 7"',
      { state: 'exited', exitCode: 7, lastLines: ['one', 'two'] },
    ],
    ['exits with 0 and is no job', 'command: "true"', { state: 'exited', exitCode: 0 }],
    [
      'is unhealthy',
      'command: sleep 100\n    healthcheck: {test: exit 1, interval: 5ms, retries: 1}',
      { state: 'running', health: 'unhealthy', exitCode: undefined },
    ],
  ])('rejects at once when a service %s, and removes what it created', async (_, lines, facts) => {
    await using memory = await openMemory()
    const content = `
services:
  bad:
    image: busybox
    ${lines}
    volumes: ["data:/data"]
  slow:
    image: busybox
    command: sleep 100
    healthcheck: {test: exit 1, interval: 1h}
volumes: {data: }
`
    await expect(up(memory, content)).rejects.toMatchObject({
      code: 'SERVICE_NOT_READY',
      facts: { project: 'shop', service: 'bad', ...facts },
      undoFailures: [],
    })
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('waits for a service that its restart policy starts again', async () => {
    await using memory = await openMemory()
    const content = `
services:
  flaky:
    image: busybox
    command: sh -c 'cat /data/started || exit 1; sleep 100'
    restart: always
    volumes: ["data:/data"]
  helper:
    image: busybox
    command: sh -c 'sleep 0.05; echo yes > /data/started; sleep 100'
    volumes: ["data:/data"]
  last:
    image: busybox
    command: sleep 100
    healthcheck: {test: cat /data/started, interval: 10ms, retries: 100}
    volumes: ["data:/data"]
volumes: {data: }
`
    const { services } = await up(memory, content)
    expect(services.map(({ containers }) => containers[0]?.state)).toEqual(['running', 'running', 'running'])
  })

  it('rejects with TIMED_OUT and the service that is not ready', async () => {
    await using memory = await openMemory()
    const content = `
services:
  ready: {image: busybox, command: sleep 100}
  slow: {image: busybox, command: sleep 100, healthcheck: {test: exit 0, interval: 1h}}
`
    await expect(up(memory, content, { readyTimeoutMs: 50 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: { timeoutMs: 50, option: 'readyTimeoutMs', phase: 'until service "slow" is ready' },
    })
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('rejects for external networks and volumes that do not exist, and uses and keeps those that do', async () => {
    await using memory = await openMemory()
    const content = `
services: {a: {image: busybox, command: sleep 100, networks: [n], volumes: ["v:/v"]}}
networks: {n: {external: true, name: theirs}}
volumes: {v: {external: true}}
`
    await expect(up(memory, content)).rejects.toMatchObject({ code: 'NETWORK_NOT_FOUND', facts: { id: 'theirs' } })
    await memory.networks.createNetwork('theirs')
    await expect(up(memory, content)).rejects.toMatchObject({ code: 'VOLUME_NOT_FOUND', facts: { name: 'v' } })
    await memory.volumes.createVolume('v')
    await up(memory, content)
    await memory.compose.down('shop', { volumes: true, graceMs: 0 })
    expect(await listObjects(memory)).toEqual({ ...noObjects, networks: ['theirs'], volumes: ['v'] })
  })

  it('rejects when a service depends on the health of one without a check', async () => {
    await using memory = await openMemory()
    const content = `
services:
  a: {image: busybox, command: sleep 100, depends_on: {b: {condition: service_healthy}}}
  b: {image: busybox, command: sleep 100}
`
    const facts = { field: 'services.a.depends_on.b' }
    await expect(up(memory, content)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts })
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it.each(['createContainer', 'startContainer'])(
    'removes what it created when %s fails, and keeps what existed before',
    async (operation) => {
      const faults: MemoryFault[] = []
      await using memory = await openMemory({ faults })
      const toContent = (more: string) =>
        `services: {a: {image: busybox, command: sleep 100, volumes: ["old:/old"]}${more}}\nvolumes: {old: , new: }`
      const before = toContent('')
      const after = toContent(', b: {image: busybox, command: sleep 100, depends_on: [a], volumes: ["new:/new"]}')
      await up(memory, before)
      const kept = await listObjects(memory)
      // Container a is started again, which is the first call of startContainer.
      if (operation === 'startContainer') faults.push({ operation, delayMs: 1 })
      faults.push({ operation, error: new Error('no') })
      await expect(up(memory, after)).rejects.toThrow('no')
      expect(await listObjects(memory)).toEqual(kept)
    },
  )

  it('rejects with the reason of the signal and removes what it created', async () => {
    await using memory = await openMemory()
    const controller = new AbortController()
    const reason = new Error('no longer needed')
    const onProgress = ({ status, id }: ComposeProgress) => {
      if (status === 'Started' && id === 'slow-1') controller.abort(reason)
    }
    const content =
      'services: {slow: {image: busybox, command: sleep 100, healthcheck: {test: exit 0, interval: 1h}, volumes: ["v:/v"]}}\nvolumes: {v: }'
    await expect(up(memory, content, { signal: controller.signal, onProgress })).rejects.toBe(reason)
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('gives all objects the labels of the owner, so that a sweep removes them in an order that works', async () => {
    const plugin = memoryPlugin()
    await using current = await openPlugin(plugin)
    await up(current, shop, { labels: { tier: 'test' } })
    const [network] = await current.networks.listNetworks({ labels: { tier: 'test' } })
    const ended = { ...network?.labels, [ownershipLabelKeys.processStart]: '1', [ownershipLabelKeys.instance]: 'ended' }
    await current.compose.down('shop', { volumes: true, graceMs: 0 })
    await using other = await openPlugin({
      ...plugin,
      register: (scope, details) => plugin.register({ ...scope, ownerLabels: ended }, details),
    })
    await up(other, shop)
    const { removed, kept, failed } = await current.scope.sweep()
    expect(removed.map(({ kind }) => kind)).toEqual([
      ...['container', 'container', 'container'],
      ...['network', 'network', 'volume'],
    ])
    expect([kept, failed]).toEqual([[], []])
  })
})

describe('down', () => {
  it('stops and removes containers and networks, and volumes only if it is told to, and can be repeated', async () => {
    await using memory = await openMemory()
    await up(memory, shop)
    await memory.compose.down('shop', { graceMs: 0 })
    expect(await listObjects(memory)).toEqual({ ...noObjects, volumes: ['shop_data'] })
    await memory.compose.down('shop', { volumes: true })
    expect(await listObjects(memory)).toEqual(noObjects)
    await memory.compose.down('never')
  })

  it('stops each service before those on which it depends', async () => {
    await using memory = await openMemory()
    await up(memory, shop)
    await using events = await memory.events.events({ kinds: ['container'] })
    await memory.compose.down('shop', { volumes: true, graceMs: 0 })
    const names: string[] = []
    for await (const event of events) {
      if (event.kind === 'container' && event.action === 'removed') names.push(event.name)
      if (names.length === 3) break
    }
    expect(names[0]).toBe('shop-web-1')
  })

  it('rejects with IN_USE and the user of a network', async () => {
    await using memory = await openMemory()
    await up(memory, shop)
    const network = { mode: 'networks', networks: [{ networkId: 'shop_back' }] } as const
    const id = await memory.runtime.createContainer({
      image: 'busybox',
      name: 'guest',
      command: ['sleep', '9'],
      network,
    })
    await memory.runtime.startContainer(id)
    const facts = { subject: 'network "shop_back"', users: ['guest'] }
    await expect(memory.compose.down('shop', { graceMs: 0 })).rejects.toMatchObject({ code: 'IN_USE', facts })
  })
})

describe('listProjects and listServices', () => {
  it('list by the labels of Compose, whoever set them', async () => {
    await using memory = await openMemory()
    await up(memory, 'services: {b: {image: busybox, command: sleep 100, ports: ["127.0.0.1::80"]}}')
    const label = (service: string, oneOff: string) => ({
      'com.docker.compose.project': 'theirs',
      'com.docker.compose.service': service,
      'com.docker.compose.oneoff': oneOff,
      'com.docker.compose.project.working_dir': '/srv',
      'com.docker.compose.project.config_files': '/srv/a.yaml,/srv/b.yaml',
    })
    await memory.runtime.createContainer({ image: 'busybox', labels: label('x', 'False') })
    await memory.runtime.createContainer({ image: 'busybox', labels: label('once', 'True') })
    expect(await memory.compose.listProjects()).toEqual([
      { name: 'shop', services: ['b'], directory: undefined, files: ['-'] },
      { name: 'theirs', services: ['once', 'x'], directory: '/srv', files: ['/srv/a.yaml', '/srv/b.yaml'] },
    ])
    expect(await memory.compose.listServices('theirs')).toMatchObject([
      { service: 'x', containers: [{ number: 1, state: 'created', ports: [] }] },
    ])
    const [service] = await memory.compose.listServices('shop')
    expect(service?.containers[0]?.ports).toMatchObject([{ containerPort: 80, hostAddress: '127.0.0.1' }])
    expect(await memory.compose.listServices('none')).toEqual([])
  })

  it('read logs and run commands by the ids of the containers', async () => {
    await using memory = await openMemory()
    const { services } = await up(memory, 'services: {a: {image: busybox, command: sleep 100}}')
    const id = services[0]?.containers[0]?.id ?? ''
    await using child = await memory.exec.exec(id, ['echo', 'hello'])
    const stdout = new Collector()
    child.stdout.pipe(stdout)
    expect([await child.exitCode, stdout.text]).toEqual([0, 'hello\n'])
  })
})
