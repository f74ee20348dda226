import { describe, expect, test } from 'vitest'
import { DockerContainerControl } from '../src/docker-container-control.js'
import type { DockerDetails } from '../src/engine/docker-details.js'
import { startRuntime } from './start-runtime.js'

const image = 'busybox:1'
const mebibyte = 1024 * 1024
const rules = { proxyHost: '192.0.2.1', proxyPort: 3128 }

async function startControl(changes: Partial<DockerDetails> = {}) {
  const started = await startRuntime(changes)
  return { ...started, control: new DockerContainerControl(started.engine) }
}

describe('restartContainer', () => {
  test('stops and starts a running container by two requests, so that an abort of the stop starts nothing', async () => {
    const { fake, runtime, control } = await startControl()
    const id = await runtime.createContainer({ image, command: ['sleep'] })
    await runtime.startContainer(id)
    fake.requests.length = 0
    await control.restartContainer(id, { graceMs: 1_500 })
    expect(fake.log()).toEqual([
      `GET /containers/${id}/json`,
      `POST /containers/${id}/stop`,
      `POST /containers/${id}/start`,
    ])
    expect(fake.requests[1]?.query.get('t')).toBe('2')
  })

  test('restarts a running container with autoRemove by one request, which keeps it', async () => {
    const { fake, runtime, control } = await startControl()
    const id = await runtime.createContainer({ image, command: ['sleep'], autoRemove: true })
    await runtime.startContainer(id)
    fake.override('POST /containers/*/restart', (reply) => reply.raw(204, ''))
    fake.requests.length = 0
    await control.restartContainer(id, { graceMs: 3_000 })
    expect(fake.log()).toEqual([`GET /containers/${id}/json`, `POST /containers/${id}/restart`])
    expect(fake.requests[1]?.query.get('t')).toBe('3')
  })

  test('rejects for a running container with autoRemove and firewall rules before it stops', async () => {
    const { fake, runtime, engine, control } = await startControl()
    const id = await runtime.createContainer({ image, command: ['sleep'], autoRemove: true })
    await runtime.startContainer(id)
    engine.containers.settings.add(id, 'web', { rules })
    fake.requests.length = 0
    await expect(control.restartContainer(id)).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'container-control.autoRemove' },
    })
    expect(fake.log()).toEqual([`GET /containers/${id}/json`])
  })
})

describe('renameContainer', () => {
  test('keeps the rules of a renamed container when another container of the old name is removed', async () => {
    const { fake, runtime, engine, control } = await startControl()
    const id = await runtime.createContainer({ image, name: 'first', command: ['sleep'] })
    engine.containers.settings.add(id, 'first', { rules })
    await control.renameContainer(id, 'second')
    expect(fake.state.findContainer(id)?.name).toBe('second')
    await runtime.createContainer({ image, name: 'first' })
    await runtime.removeContainer('first')
    expect(engine.containers.settings.find(id)).toMatchObject({ rules })
    expect(engine.containers.findCreated(id)).toBeDefined()
  })

  test('sends no rename for the name that the container has', async () => {
    const { fake, runtime, control } = await startControl()
    const id = await runtime.createContainer({ image, name: 'first' })
    fake.requests.length = 0
    await control.renameContainer(id, 'first')
    expect(fake.log()).toEqual([`GET /containers/${id}/json`])
  })

  test.each([
    [409, (holder: string) => `Conflict. The container name "/second" is already in use by container "${holder}".`],
    [
      409,
      () => 'renaming container 1f: name second already in use, cannot rename container 1f: container already exists',
    ],
  ])('rejects with NAME_CONFLICT and the holder for the answer %s of Docker and Podman', async (status, toText) => {
    const { fake, runtime, control } = await startControl()
    const id = await runtime.createContainer({ image, name: 'first' })
    const holderId = await runtime.createContainer({ image, name: 'second' })
    fake.override('POST /containers/*/rename', (reply) => reply.refuse(status, toText(holderId)))
    await expect(control.renameContainer(id, 'second')).rejects.toMatchObject({
      code: 'NAME_CONFLICT',
      facts: { name: 'second', holderId, sameOwner: true },
    })
  })
})

describe('updateContainer', () => {
  test('raises the limit of memory and swap with that of the memory, and keeps an unlimited one', async () => {
    const { fake, runtime, engine, control } = await startControl()
    const bodies: unknown[] = []
    fake.override('POST /containers/*/update', (reply, { json }) => {
      bodies.push(json)
      reply.json(200, { Warnings: null })
    })
    const id = await runtime.createContainer({ image, memoryBytes: mebibyte * 64 })
    const unlimited = fake.state.createContainer('unlimited', { HostConfig: { MemorySwap: -1 } })
    await control.updateContainer(id, { memoryBytes: mebibyte * 128, cpus: 0.5 })
    await control.updateContainer(unlimited.id, { memoryBytes: mebibyte * 128 })
    await control.updateContainer(id, { pidsLimit: 20 })
    expect(bodies).toEqual([
      { Memory: mebibyte * 128, MemorySwap: mebibyte * 256, NanoCpus: 500_000_000 },
      { Memory: mebibyte * 128, MemorySwap: -1 },
      { PidsLimit: 20 },
    ])
    // A container that is created again in a firewall sandbox gets the new limits.
    expect(engine.containers.findCreated(id)?.body).toMatchObject({
      HostConfig: { Memory: mebibyte * 128, PidsLimit: 20 },
    })
  })
})

describe('updateContainer with limits that the engine does not accept', () => {
  test.each([
    [{ memoryBytes: mebibyte }, 'INVALID_ARGUMENT', 'update.memoryBytes'],
    [{ cpus: 1_000_000 }, 'OPTION_UNSUPPORTED', 'cpus'],
  ])('rejects %j as createContainer does, and sends no request', async (update, code, field) => {
    const { fake, runtime, control } = await startControl()
    const id = await runtime.createContainer({ image })
    fake.requests.length = 0
    await expect(control.updateContainer(id, update)).rejects.toMatchObject({ code, facts: { field } })
    expect(fake.requests).toHaveLength(0)
  })
})

describe('pauseContainer and unpauseContainer', () => {
  test('resolve for a container that has the state, and reject with the state of one that does not run', async () => {
    const { fake, runtime, control } = await startControl()
    const id = await runtime.createContainer({ image, command: ['sleep'] })
    await runtime.startContainer(id)
    const container = fake.state.findContainer(id)
    fake.override('POST /containers/*/pause', (reply) => reply.refuse(409, `Container ${id} is already paused`))
    fake.override('POST /containers/*/unpause', (reply) => reply.refuse(500, `Container ${id} is not paused`))
    await control.unpauseContainer(id)
    await expect(control.pauseContainer(id)).rejects.toMatchObject({ code: 'NOT_RUNNING', facts: { state: 'running' } })
    if (container !== undefined) container.status = 'paused'
    await control.pauseContainer(id)
    if (container !== undefined) container.status = 'exited'
    for (const call of [control.pauseContainer(id), control.unpauseContainer(id)]) {
      await expect(call).rejects.toMatchObject({ code: 'NOT_RUNNING', facts: { id, state: 'exited' } })
    }
  })
})

describe('killContainer', () => {
  test('unpauses a container that the engine keeps paused', async () => {
    const { fake, runtime, control } = await startControl()
    const id = await runtime.createContainer({ image, command: ['sleep'] })
    await runtime.startContainer(id)
    const container = fake.state.findContainer(id)
    if (container !== undefined) container.status = 'paused'
    fake.override('POST /containers/*/kill', (reply) => reply.raw(204, ''))
    fake.override('POST /containers/*/unpause', (reply) => reply.raw(204, ''))
    await control.killContainer(id, 'SIGTERM')
    expect(fake.log().slice(-2)).toEqual([`GET /containers/${id}/json`, `POST /containers/${id}/unpause`])
  })

  test.each([
    [400, 'Invalid signal: SIGNONE'],
    [500, 'invalid signal: SIGNONE'],
  ])('rejects with INVALID_ARGUMENT for the answer %s to an unknown signal', async (status, text) => {
    const { fake, runtime, control } = await startControl()
    const id = await runtime.createContainer({ image, command: ['sleep'] })
    fake.override('POST /containers/*/kill', (reply) => reply.refuse(status, text))
    await expect(control.killContainer(id, 'SIGNONE')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'signal', given: '"SIGNONE"' },
    })
  })
})

describe('listProcesses', () => {
  test.each([
    [{}, '-o pid,ppid,user,args'],
    [{ listsProcessesByColumns: true }, 'pid,ppid,user,args'],
  ])('requests the columns as an engine with the quirks %j expects them', async (quirks, columns) => {
    const { fake, runtime, control } = await startControl({ quirks })
    const id = await runtime.createContainer({ image, command: ['sleep'] })
    await runtime.startContainer(id)
    fake.override('GET /containers/*/top', (reply) =>
      reply.json(200, { Titles: ['PID', 'PPID', 'USER', 'COMMAND'], Processes: [['7', '1', 'root', 'sleep 9']] }),
    )
    expect(await control.listProcesses(id)).toEqual([{ pid: 7, parentPid: 1, user: 'root', command: 'sleep 9' }])
    expect(fake.requests.at(-1)?.query.get('ps_args')).toBe(columns)
  })
})

describe('listContainers', () => {
  test.each([
    [{}, ['exited', 'dead'], ['exited', 'dead']],
    [{}, ['running', 'stopping'], ['running', 'removing']],
    [{}, ['exited', 'unknown'], undefined],
    [{ hasOwnStates: true }, ['created', 'dead'], ['created', 'initialized']],
    [{ hasOwnStates: true }, ['restarting'], undefined],
  ] as const)('lets an engine with the quirks %j filter %j by %j', async (quirks, states, status) => {
    const { fake, runtime } = await startControl({ quirks })
    await runtime.listContainers({ states, labelKeys: ['tier'], labels: { kind: 'a' } })
    const filters: unknown = JSON.parse(fake.requests.at(-1)?.query.get('filters') ?? '{}')
    expect(filters).toEqual({ label: ['kind=a', 'tier'], ...(status && { status }) })
  })
})
