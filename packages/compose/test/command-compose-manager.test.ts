import type { ComposeProgress } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { container, network, openProjects, type PlayedStep, volume } from './support/open-projects.js'

const image = 'busybox'
const model = {
  services: { db: { image }, web: { image, depends_on: { db: { condition: 'service_healthy', required: true } } } },
  networks: { default: { name: 'shop_default' } },
  volumes: { data: { name: 'shop_data' }, other: { name: 'elsewhere', external: true } },
}
const all: readonly PlayedStep[] = [network, volume, container('db'), container('web')]
const failed: PlayedStep = { exit: 1, error: 'Error response from daemon: no luck' }

describe('readProject', () => {
  it('resolves with services, networks and volumes in the order of their names', async () => {
    const { compose, write, calls } = await openProjects()
    const source = await write({
      model: {
        ...model,
        services: {
          ...model.services,
          app: { build: { context: '/x' }, deploy: { replicas: 3 }, profiles: ['debug'] },
        },
      },
    })
    expect(await compose.readProject(source)).toEqual({
      name: 'shop',
      services: [
        { name: 'app', image: undefined, builds: true, replicas: 3, dependsOn: [], profiles: ['debug'] },
        { name: 'db', image, builds: false, replicas: 1, dependsOn: [], profiles: [] },
        {
          ...{ name: 'web', image, builds: false, replicas: 1, profiles: [] },
          dependsOn: [{ service: 'db', condition: 'healthy' }],
        },
      ],
      networks: [{ key: 'default', name: 'shop_default', external: false }],
      volumes: [
        { key: 'data', name: 'shop_data', external: false },
        { key: 'other', name: 'elsewhere', external: true },
      ],
    })
    expect(calls).toEqual([])
  })

  it('reads a text', async () => {
    const { compose } = await openProjects()
    const project = await compose.readProject({ name: 'shop', content: JSON.stringify({ model }) })
    expect(project.services.map(({ name }) => name)).toEqual(['db', 'web'])
  })

  it('rejects with INVALID_ARGUMENT and the file of a fault', async () => {
    const { compose, write } = await openProjects()
    const good = await write({ model })
    const { files } = await write({})
    const error = `validating ${good.files[0]}: services.a additional properties 'comand' not allowed`
    const { name, files: faulty } = await write({
      config: [{ stderr: 'time="x" level=warning msg="y"' }, { exit: 1, error }],
    })
    await expect(compose.readProject({ name, files: [faulty[0], ...files, ...good.files] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'source.files[2]', given: expect.stringContaining('comand') },
    })
  })

  it('rejects with PROTOCOL_ERROR when the output is no JSON', async () => {
    const { compose, write } = await openProjects()
    const source = await write({ config: [{ stdout: 'services:' }] })
    await expect(compose.readProject(source)).rejects.toMatchObject({ code: 'PROTOCOL_ERROR' })
  })
})

describe('up', () => {
  it('creates the project and resolves with the states of its services', async () => {
    const { compose, write, list } = await openProjects()
    const up = await compose.up(await write({ model, up: all }))
    expect(up).toMatchObject({
      name: 'shop',
      services: [
        { service: 'db', containers: [{ number: 1, state: 'running', exitCode: undefined, ports: [] }] },
        { service: 'web', containers: [{ number: 1, state: 'running' }] },
      ],
    })
    expect(await list()).toEqual(['shop-db-1', 'shop-web-1', 'shop_data', 'shop_default'])
    expect(await compose.listServices('shop')).toEqual(up.services)
  })

  it('adds the labels of the owner and of the caller by a file on stdin', async () => {
    const { compose, write, calls } = await openProjects()
    const labels = { price: '$5', 'capstan.lifetime': 'lease' }
    await compose.up(await write({ model, up: all }), { labels })
    const expected = {
      'capstan.owner.instance': 'own',
      'capstan.app': 'test',
      'capstan.lifetime': 'lease',
      price: '$$5',
    }
    const [{ args = [], override } = { override: null }] = calls
    expect(args.slice(args.lastIndexOf('--file'))).toEqual(['--file', '-', 'up', '--detach'])
    expect(override).toEqual({
      services: {
        db: { labels: { ...expected, 'capstan.object': 'container' } },
        web: { labels: { ...expected, 'capstan.object': 'container' } },
      },
      networks: { default: { labels: { ...expected, 'capstan.object': 'network' } } },
      volumes: { data: { labels: { ...expected, 'capstan.object': 'volume' } } },
    })
  })

  it('adds the labels to a text as a second document', async () => {
    const { compose, calls } = await openProjects()
    await compose.up({ name: 'shop', content: JSON.stringify({ model, up: all }) })
    expect(calls[0]?.override?.services?.db?.labels).toMatchObject({ 'capstan.owner.instance': 'own' })
  })

  it('keeps the owner of a project that exists', async () => {
    const { compose, write, calls, runtime } = await openProjects()
    const labels = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' }
    const id = await runtime.createContainer({ image, command: ['sleep', '60'], labels })
    await runtime.startContainer(id)
    await compose.up(await write({ model, up: [network, container('db')] }))
    const instance = (await runtime.inspectContainer(id)).labels['capstan.owner.instance']
    expect(calls[0]?.override?.services?.db?.labels).toMatchObject({ 'capstan.owner.instance': instance })
  })

  it('reports progress with the names of services', async () => {
    const { compose, write } = await openProjects()
    const up: readonly PlayedStep[] = [
      { stderr: '{"id":"db","text":"Pulling"}' },
      { stderr: '{"id":"0a1","parent_id":"db","status":"Downloading","current":5,"total":10}' },
      { stderr: '{"level":"warning","msg":"beware"}' },
      { id: 'Network shop_default', status: 'Created' },
      { stderr: 'no JSON' },
      ...all,
      { id: 'Container shop-db-1', status: 'Started' },
    ]
    const events: ComposeProgress[] = []
    await compose.up(await write({ model, up }), { onProgress: (event) => events.push(event) })
    expect(events).toEqual([
      { kind: 'image', id: 'db', service: 'db', status: 'Pulling' },
      { kind: 'image', id: '0a1', service: 'db', status: 'Downloading', currentBytes: 5, totalBytes: 10 },
      { kind: 'network', id: 'shop_default', service: undefined, status: 'Created' },
      { kind: 'container', id: 'db-1', service: 'db', status: 'Started' },
    ])
  })

  it('passes the endpoint, the variables of the caller and few others', async () => {
    const { compose, write, calls, directory } = await openProjects({ DOCKER_CONTEXT: 'other', SECRET: 'x' })
    const connection = { DOCKER_HOST: 'tcp://elsewhere:1', DOCKER_TLS_VERIFY: '1' }
    const orphans = { COMPOSE_REMOVE_ORPHANS: 'true', COMPOSE_IGNORE_ORPHANS: 'true' }
    const source = { ...(await write({ model, up: all })), env: { TAG: '1', ...connection, ...orphans } }
    await compose.up(source)
    const { env = {} } = calls[0] ?? {}
    expect(env).toMatchObject({ DOCKER_HOST: `unix://${directory}/engine.sock`, TAG: '1', HOME: directory })
    expect(env).toMatchObject({ DOCKER_TLS_VERIFY: '', COMPOSE_ENV_FILES: '' })
    expect(env).toMatchObject({ COMPOSE_REMOVE_ORPHANS: 'false', COMPOSE_IGNORE_ORPHANS: 'false' })
    expect(env).not.toHaveProperty('DOCKER_CONTEXT')
    expect(env).not.toHaveProperty('SECRET')
  })

  it('passes services, builds and pulls', async () => {
    const { compose, write, calls } = await openProjects()
    const source = { ...(await write({ model, up: all })), profiles: ['debug'], directory: '/srv' }
    await compose.up(source, { services: ['web'], build: true, pull: 'never' })
    expect(calls[0]?.args).toEqual([
      ...['--progress', 'json', '--ansi', 'never', '--project-name', 'shop', '--project-directory', '/srv'],
      ...['--profile', 'debug', '--file', source.files[0], '--file', '-'],
      ...['up', '--detach', '--build', '--pull', 'never', '--', 'web'],
    ])
  })

  it('passes the scale, what is replaced and removed, and the grace', async () => {
    const { compose, write, calls } = await openProjects()
    const source = await write({ model, up: [network, container('web'), container('web')] })
    const { services } = await compose.up(source, {
      ...{ services: ['web'], dependencies: false, scale: { web: 2 } },
      ...{ recreate: 'always', removeOrphans: true, graceMs: 1_500, pull: 'always' },
    })
    expect(services).toMatchObject([{ service: 'web', containers: [{ number: 1 }, { number: 2 }] }])
    const { args = [] } = calls[0] ?? {}
    expect(args.slice(args.indexOf('up'))).toEqual([
      ...[
        'up',
        '--detach',
        '--pull',
        'always',
        '--scale',
        'web=2',
        '--force-recreate',
        '--remove-orphans',
        '--no-deps',
      ],
      ...['--timeout', '2', '--', 'web'],
    ])
    await compose.up(source, { recreate: 'never', scale: { db: 0 } })
    expect(calls[1]?.args.slice(-3)).toEqual(['--scale', 'db=0', '--no-recreate'])
  })

  it('until started resolves when a service has exited, and does not wait for its health', async () => {
    const { compose, write, list } = await openProjects()
    const healthcheck = { command: ['false'], intervalMs: 60_000 }
    const command = ['sh', '-c', 'exit 7']
    const up = [network, container('db', { command }), container('web', { healthcheck })]
    const { services } = await compose.up(await write({ model, up }), { until: 'started' })
    expect(services.map(({ service }) => service)).toEqual(['db', 'web'])
    expect(await list()).toContain('shop-db-1')
  })

  it('until started is undone when Compose fails, and when the limit has passed', async () => {
    const { compose, write, list } = await openProjects()
    const options = { until: 'started', readyTimeoutMs: 300 } as const
    await expect(compose.up(await write({ model, up: [...all, failed] }), options)).rejects.toThrow('no luck')
    const hanging = [...all, { id: 'Container shop-db-1', status: 'Starting' }, { hangs: true }] as const
    const late = { code: 'TIMED_OUT', facts: { option: 'readyTimeoutMs' } }
    await expect(compose.up(await write({ model, up: hanging }), options)).rejects.toMatchObject(late)
    expect(await list()).toEqual([])
  })

  it('waits only for the given services and those on which they depend', async () => {
    const { compose, write } = await openProjects()
    const services = { ...model.services, late: { image } }
    const { services: ready } = await compose.up(await write({ model: { ...model, services }, up: all }), {
      services: ['web'],
    })
    expect(ready.map(({ service }) => service)).toEqual(['db', 'web'])
  })

  it('adds no file to a persistent project without labels', async () => {
    const { compose, write, calls } = await openProjects()
    const source = await write({ model, up: all })
    await compose.up(source, { labels: { 'capstan.lifetime': 'persistent' } })
    expect(calls[0]?.args.slice(-4)).toEqual(['--file', source.files[0], 'up', '--detach'])
    expect(calls[0]?.override).toBeNull()
  })

  it('keeps the profiles active by a variable, which the option of Compose replaces, beside those of a given service', async () => {
    const { compose, write, calls } = await openProjects()
    const tool = { image, profiles: ['tools'], depends_on: { cache: { condition: 'service_started' } } }
    const services = { cache: { image, profiles: ['caches', 'tools'] } }
    const source = await write({ model: { services }, inactive: { tool }, up: [container('cache'), container('tool')] })
    await compose.up(source, { services: ['tool'] })
    const { args = [] } = calls[0] ?? {}
    expect(args.flatMap((word, index) => (args[index - 1] === '--profile' ? [word] : []))).toEqual(['caches', 'tools'])
  })

  it('activates the profiles of a given service that is not active, and starts no other service of them', async () => {
    const { compose, write, calls } = await openProjects()
    const tool = { image, profiles: ['tools', 'debug'], depends_on: { db: { condition: 'service_started' } } }
    const inactive = { tool, other: { image, profiles: ['tools'] } }
    const source = { ...(await write({ model, inactive, up: [network, container('db'), container('tool')] })) }
    const { services } = await compose.up({ ...source, profiles: ['given'] }, { services: ['tool'] })
    expect(services.map(({ service }) => service)).toEqual(['db', 'tool'])
    const { args = [], override } = calls[0] ?? {}
    expect(args.flatMap((word, index) => (args[index - 1] === '--profile' ? [word] : []))).toEqual([
      'given',
      'tools',
      'debug',
    ])
    expect(args.slice(-2)).toEqual(['--', 'tool'])
    expect(override?.services?.tool?.labels).toMatchObject({ 'capstan.owner.instance': 'own' })
  })

  it.each([
    ['services[0]', { services: ['none'] }],
    ['jobs[1]', { jobs: ['db', 'none'] }],
    ['scale["none"]', { scale: { none: 1 } }],
    ['scale["db"]', { scale: { db: 1 }, services: ['web'], dependencies: false }],
    ['scale["named"]', { scale: { named: 2 } }],
  ])('rejects with INVALID_ARGUMENT and %s for a service that cannot have it', async (field, options) => {
    const { compose, write, calls } = await openProjects()
    const rejection = { code: 'INVALID_ARGUMENT', facts: { field } }
    const services = { ...model.services, named: { image, container_name: 'own' } }
    await expect(compose.up(await write({ model: { ...model, services } }), options)).rejects.toMatchObject(rejection)
    expect(calls).toEqual([])
  })

  it('rejects with OPTION_UNSUPPORTED where builds are unsupported and an image has to be built', async () => {
    const unsupported = { field: 'compose-manager.build', reason: 'no BuildKit', remedy: 'build before' } as const
    const { compose, write, calls } = await openProjects({}, { unsupportedOptions: [unsupported] })
    const toSource = (tag: string) =>
      write({ model: { services: { db: { image: tag, build: { context: '/x' } } } }, up: [container('db')] })
    const rejection = { code: 'OPTION_UNSUPPORTED', facts: { field: 'compose-manager.build' } }
    await expect(compose.up(await toSource('missing'))).rejects.toMatchObject(rejection)
    await expect(compose.up(await toSource(image), { build: true })).rejects.toMatchObject(rejection)
    expect(calls).toEqual([])
    await compose.up(await toSource(image))
  })

  it('rejects with OPTION_UNSUPPORTED where health checks are unsupported and a started service has one', async () => {
    const unsupported = { field: 'healthcheck', reason: 'no timers', remedy: 'use systemd' } as const
    const { compose, write, calls } = await openProjects({}, { unsupportedOptions: [unsupported] })
    const services = {
      db: { image, healthcheck: { test: ['CMD', 'true'] } },
      web: { image, healthcheck: { test: ['NONE'], disable: true } },
    }
    const source = await write({ model: { services }, up: [container('web')] })
    await expect(compose.up(source)).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'healthcheck', given: expect.stringContaining('service db') },
    })
    expect(calls).toEqual([])
    await compose.up(source, { services: ['web'] })
    await compose.up(source, { scale: { db: 0 } })
  })

  it('rejects an invalid option before anything is read', async () => {
    const { compose } = await openProjects()
    const source = { name: 'shop', files: ['/no/such/file'] } as const
    const rejection = { code: 'INVALID_ARGUMENT', facts: { field: 'readyTimeoutMs' } }
    await expect(compose.up(source, { readyTimeoutMs: -1 })).rejects.toMatchObject(rejection)
  })
})

describe('a service', () => {
  const job = (code: number) => container('web', { command: ['sh', '-c', `echo ending; exit ${code}`] })

  it('that is a job is ready when it has exited with code 0', async () => {
    const { compose, write } = await openProjects()
    const { services } = await compose.up(await write({ model, up: [container('db'), job(0)] }), { jobs: ['web'] })
    expect(services[1]).toMatchObject({ service: 'web', containers: [{ state: 'exited', exitCode: 0 }] })
  })

  it('is a job when another one requires its completion', async () => {
    const { compose, write } = await openProjects()
    const depends_on = { web: { condition: 'service_completed_successfully' } }
    const completed = { services: { db: { image, depends_on }, web: { image } } }
    await compose.up(await write({ model: completed, up: [container('db'), job(0)] }))
  })

  it.each([0, 7])(
    'that exits with code %i is SERVICE_NOT_READY at once, while Compose still works',
    async (exitCode) => {
      const { compose, write, list } = await openProjects()
      const up = [network, container('db'), job(exitCode), { hangs: true }] as const
      await expect(compose.up(await write({ model, up }))).rejects.toMatchObject({
        code: 'SERVICE_NOT_READY',
        facts: { project: 'shop', service: 'web', state: 'exited', exitCode, lastLines: ['ending'] },
      })
      expect(await list()).toEqual([])
    },
  )

  it('that becomes unhealthy is SERVICE_NOT_READY', async () => {
    const { compose, write, list } = await openProjects()
    const healthcheck = { command: ['false'], intervalMs: 5, retries: 2 }
    const up = [container('db', { healthcheck }), container('web')]
    await expect(compose.up(await write({ model, up }))).rejects.toMatchObject({
      code: 'SERVICE_NOT_READY',
      facts: { service: 'db', state: 'running', health: 'unhealthy', exitCode: undefined },
    })
    expect(await list()).toEqual([])
  })

  it('that Compose reports as failed is SERVICE_NOT_READY', async () => {
    const { compose, write } = await openProjects()
    const error = 'dependency failed to start: container shop-db-1 is unhealthy'
    const up = [container('db'), { exit: 1, error }] as const
    await expect(compose.up(await write({ model, up }))).rejects.toMatchObject({
      code: 'SERVICE_NOT_READY',
      facts: { service: 'db', state: 'running' },
    })
  })

  it('that is not ready in time is TIMED_OUT', async () => {
    const { compose, write, list } = await openProjects()
    const healthcheck = { command: ['false'], intervalMs: 60_000 }
    const up = [container('db', { healthcheck }), container('web')]
    await expect(compose.up(await write({ model, up }), { readyTimeoutMs: 100 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: { phase: 'waiting for service "db"', timeoutMs: 100, option: 'readyTimeoutMs' },
    })
    expect(await list()).toEqual([])
  })

  it('that became healthy is ready', async () => {
    const { compose, write } = await openProjects()
    const healthcheck = { command: ['true'], intervalMs: 5 }
    const { services } = await compose.up(
      await write({ model, up: [container('db', { healthcheck }), container('web')] }),
    )
    expect(services[0]).toMatchObject({ service: 'db', containers: [{ health: 'healthy' }] })
  })
})

describe('a failed up', () => {
  it.each([0, 1, 2, 3, 4])('removes what the first %i steps created, and keeps the error', async (count) => {
    const { compose, write, list } = await openProjects()
    const error = { code: 'OPERATION_FAILED', facts: { reason: 'no luck', status: 1 }, undoFailures: [] }
    await expect(compose.up(await write({ model, up: [...all.slice(0, count), failed] }))).rejects.toMatchObject(error)
    expect(await list()).toEqual([])
  })

  // Compose reports "Error" for each request that it gives up when it is ended or when another one fails.
  it.each([
    [[]],
    [[{ id: 'Container shop-db-1', status: 'Error' }]],
    [[{ id: 'Container shop-db-1', status: 'Interrupted' }]],
  ])('removes what the engine creates after Compose has ended: %o', async (givenUp) => {
    const { compose, write, list } = await openProjects()
    const requested = { id: 'Container shop-db-1', status: 'Creating' }
    const late = { ...container('db'), isLate: true } as PlayedStep
    const up: readonly PlayedStep[] = [network, requested, late, ...givenUp, failed]
    await expect(compose.up(await write({ model, up }))).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
    expect(await list()).toEqual([])
  })

  it('keeps what existed before', async () => {
    const { compose, write, list } = await openProjects()
    await compose.up(await write({ model, up: [network, volume, container('db')] }), { services: ['db'] })
    const second = await write({ model, up: [container('web'), failed] })
    await expect(compose.up(second)).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
    expect(await list()).toEqual(['shop-db-1', 'shop_data', 'shop_default'])
  })

  it('rejects with the error of onProgress', async () => {
    const { compose, write, list } = await openProjects()
    const up: readonly PlayedStep[] = [network, { id: 'Network shop_default', status: 'Created' }, { hangs: true }]
    const error = new Error('thrown by the caller')
    const onProgress = () => {
      throw error
    }
    await expect(compose.up(await write({ model, up }), { onProgress })).rejects.toBe(error)
    expect(await list()).toEqual([])
  })
})

describe('an abort', () => {
  it('ends Compose, undoes the call and rejects with its reason', async () => {
    const { compose, write, list } = await openProjects()
    const up: readonly PlayedStep[] = [...all, { id: 'Container shop-web-1', status: 'Started' }, { hangs: true }]
    const controller = new AbortController()
    const reason = new Error('enough')
    const options = { signal: controller.signal, onProgress: () => controller.abort(reason) }
    await expect(compose.up(await write({ model, up }), options)).rejects.toBe(reason)
    expect(await list()).toEqual([])
  })

  it('kills a Compose that ignores signals', async () => {
    const { compose, write, list } = await openProjects()
    const step = { id: 'Network shop_default', status: 'Created' }
    const up: readonly PlayedStep[] = [{ ignores: ['SIGTERM', 'SIGINT'] }, network, step, { hangs: true }]
    const controller = new AbortController()
    const reason = new Error('enough')
    const options = { signal: controller.signal, onProgress: () => controller.abort(reason) }
    await expect(compose.up(await write({ model, up }), options)).rejects.toBe(reason)
    expect(await list()).toEqual([])
  })

  it('while the files are read leaves nothing to undo', async () => {
    const { compose, write, calls } = await openProjects()
    const source = await write({ config: [{ hangs: true }] })
    const controller = new AbortController()
    const running = compose.up(source, { signal: controller.signal })
    controller.abort()
    await expect(running).rejects.toBe(controller.signal.reason)
    expect(calls).toEqual([])
  })

  it('while services are awaited undoes the call', async () => {
    const { compose, write, list, runtime } = await openProjects()
    const healthcheck = { command: ['false'], intervalMs: 60_000 }
    const source = await write({ model, up: [container('db', { healthcheck }), container('web')] })
    const controller = new AbortController()
    const running = compose.up(source, { signal: controller.signal })
    await expect.poll(async () => (await runtime.listContainers({ states: ['running'] })).length).toBe(2)
    controller.abort()
    await expect(running).rejects.toBe(controller.signal.reason)
    expect(await list()).toEqual([])
  })

  it('by close undoes the call', async () => {
    const { compose, write, list, operations } = await openProjects()
    const started = { id: 'Container shop-db-1', status: 'Started' }
    const source = await write({ model, up: [network, container('db'), started, { hangs: true }] })
    const running = compose.up(source, { onProgress: () => void operations.close() })
    await expect(running).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    expect(await list()).toEqual([])
  })
})

describe('down', () => {
  it('removes containers and networks, and volumes if they are requested', async () => {
    const { compose, write, list, calls } = await openProjects()
    const source = await write({ model, up: all })
    await compose.up(source)
    await compose.down('shop')
    expect(await list()).toEqual(['shop_data'])
    await compose.up(source)
    await compose.down('shop', { volumes: true, graceMs: 1_001 })
    expect(await list()).toEqual([])
    expect(calls.at(-1)?.args.slice(4)).toEqual([
      ...['--project-name', 'shop', 'down', '--remove-orphans', '--volumes', '--timeout', '2'],
    ])
  })

  it('resolves for a project that does not exist, without Compose', async () => {
    const { compose, calls } = await openProjects()
    await compose.down('never')
    expect(calls).toEqual([])
  })

  it('rejects with IN_USE when another container uses a network of the project', async () => {
    const { compose, write, runtime, networks } = await openProjects()
    await compose.up(await write({ model, up: all }))
    const id = await runtime.createContainer({ name: 'guest', image, command: ['sleep', '60'] })
    await runtime.startContainer(id)
    await networks.connectContainer('shop_default', id)
    await expect(compose.down('shop')).rejects.toMatchObject({ code: 'IN_USE', facts: { users: ['guest'] } })
  })
})

describe('listProjects', () => {
  it('lists projects with their services', async () => {
    const { compose, write } = await openProjects()
    const source = await write({ model, up: all })
    await compose.up(source)
    await compose.up({ ...source, name: 'again' })
    const expected = { services: ['db', 'web'], directory: undefined, files: [] }
    expect(await compose.listProjects()).toEqual([
      { name: 'again', ...expected },
      { name: 'shop', ...expected },
    ])
    expect(await compose.listProjects({ labels: { 'com.docker.compose.project': 'shop' } })).toHaveLength(1)
    expect(await compose.listServices('never')).toEqual([])
  })
})
