import { getEventListeners } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { collectOutput } from './collect-output.js'
import type { FakeHandler } from './fake/fake-docker-engine.js'
import { createNetwork, createVolume, removeNetwork } from './run-operations.js'
import { type StartedRuntime, startRuntime } from './start-runtime.js'

const image = 'busybox:1'

interface Operation {
  /** Prepares the operation. Its requests do not count. */
  prepare?(started: StartedRuntime): Promise<string>
  run(started: StartedRuntime, options: { readonly signal: AbortSignal }, id: string): Promise<unknown>
  /** The containers of `prepare` that remain. */
  readonly stays?: number
}

async function create({ runtime }: StartedRuntime, command: readonly string[] = ['exit', '0'], tty = false) {
  return runtime.createContainer({ image, command, interactive: true, tty })
}

async function createRunning(started: StartedRuntime): Promise<string> {
  const id = await create(started, ['sleep'])
  await started.runtime.startContainer(id)
  return id
}

const operations: Readonly<Record<string, Operation>> = {
  ping: { run: ({ runtime }, options) => runtime.ping(options) },
  createContainer: { run: ({ runtime }, options) => runtime.createContainer({ image, name: 'n' }, options) },
  'createContainer with a pull': {
    run: ({ runtime }, options) => runtime.createContainer({ image: 'other:2' }, options),
  },
  'createContainer on two networks': {
    prepare: async ({ fake }) => {
      for (const Id of ['n1', 'n2']) fake.state.networks.set(Id, { Id, Name: Id })
      return ''
    },
    run: ({ runtime }, options) => {
      const network = { mode: 'networks', networks: [{ networkId: 'n1' }, { networkId: 'n2' }] } as const
      return runtime.createContainer({ image, network }, options)
    },
  },
  startContainer: { prepare: create, stays: 1, run: ({ runtime }, options, id) => runtime.startContainer(id, options) },
  stopContainer: {
    prepare: createRunning,
    stays: 1,
    run: ({ runtime }, options, id) => runtime.stopContainer(id, options),
  },
  removeContainer: { prepare: create, run: ({ runtime }, options, id) => runtime.removeContainer(id, options) },
  pullImage: { run: ({ images }, options) => images.pullImage('other:2', options) },
  waitContainer: {
    prepare: async (started) => {
      const id = await createRunning(started)
      started.fake.state.findContainer(id)?.exit(0)
      return id
    },
    stays: 1,
    run: ({ runtime }, options, id) => runtime.waitContainer(id, options),
  },
  containerState: { prepare: create, stays: 1, run: ({ runtime }, options, id) => runtime.containerState(id, options) },
  containerLogs: {
    prepare: create,
    stays: 1,
    run: async ({ runtime }, options, id) => {
      for await (const _ of await runtime.containerLogs(id, options));
    },
  },
  containerLogsAll: {
    prepare: create,
    stays: 1,
    run: ({ runtime }, options, id) => runtime.containerLogsAll(id, options),
  },
  resizeTTY: {
    prepare: create,
    stays: 1,
    run: ({ runtime }, options, id) => runtime.resizeTTY(id, { height: 1, width: 1 }, options),
  },
  getPortBindings: {
    prepare: create,
    stays: 1,
    run: ({ runtime }, options, id) => runtime.getPortBindings(id, options),
  },
  getHostAddress: {
    prepare: async ({ fake }) => {
      fake.state.networks.set('bridge', { Id: 'b', Name: 'bridge', IPAM: { Config: [{ Gateway: '10.0.0.1' }] } })
      return ''
    },
    run: ({ runtime }, options) => runtime.getHostAddress(options),
  },
  listContainers: { run: ({ runtime }, options) => runtime.listContainers(options) },
  imageExists: { run: ({ runtime }, options) => runtime.imageExists(image, options) },
  getImageHomeDir: { run: ({ runtime }, options) => runtime.getImageHomeDir(image, options) },
  startAttached: {
    prepare: (started) => create(started, ['cat']),
    stays: 1,
    run: ({ runtime }, options, id) => {
      const stdin = new PassThrough()
      stdin.end('x')
      return runtime.startAttached(id, { ...options, stdin, stdout: collectOutput().stream })
    },
  },
  'startAttached with a terminal': {
    prepare: (started) => create(started, ['exit', '0'], true),
    stays: 1,
    run: ({ runtime }, options, id) => runtime.startAttached(id, { ...options, initialSize: { height: 1, width: 1 } }),
  },
  startSidecar: {
    run: ({ sidecars }, options) => sidecars.startSidecar({ image, name: 's', command: ['sleep'] }, options),
  },
  inspectContainer: {
    prepare: create,
    stays: 1,
    run: ({ runtime }, options, id) => runtime.inspectContainer(id, options),
  },
  exec: {
    prepare: createRunning,
    stays: 1,
    run: async ({ execs }, options, id) => {
      const running = await execs.exec(id, ['x'], { ...options, stdin: false })
      running.stdout.resume()
      running.stderr.resume()
      return running.exitCode
    },
  },
}

/** Operations that need replaced answers of the fake engine. */
const replacedOperations: Readonly<Record<string, Operation>> = {
  ...operations,
  createNetwork: {
    prepare: replace({
      'POST /networks/create': (reply) => reply.json(201, { Id: 'n1' }),
      'GET /networks': (reply) => reply.json(200, []),
    }),
    run: ({ engine }, options) => createNetwork(engine, 'n', options),
  },
  removeNetwork: {
    prepare: replace({
      'DELETE /networks/*': (reply) => reply.raw(204, ''),
    }),
    run: ({ engine }, options) => removeNetwork(engine, 'n', options),
  },
  createVolume: {
    prepare: replace({
      'GET /volumes/*': (reply) => reply.refuse(404, 'get v: no such volume'),
      'POST /volumes/create': (reply, { json }) => reply.json(201, json),
    }),
    run: ({ engine }, options) => createVolume(engine, 'v', options),
  },
  buildImage: {
    prepare: replace({
      'GET /images/json': (reply) => reply.json(200, []),
      'POST /build': (reply) => reply.raw(200, '{"aux":{"ID":"sha256:1"}}\n'),
    }),
    run: ({ builder }, options) => builder.buildImage('FROM scratch\n', image, options),
  },
  listImages: {
    prepare: replace({ 'GET /images/json': (reply) => reply.json(200, []) }),
    run: ({ runtime }, options) => runtime.listImages(options),
  },
  removeImage: {
    prepare: replace({
      'DELETE /images/*': (reply) => reply.refuse(409, 'image is being used'),
      'GET /images/json': (reply) => reply.json(200, []),
    }),
    run: ({ runtime }, options) => runtime.removeImage(image, options),
  },
  saveImage: {
    prepare: replace({ 'GET /images/*/get': (reply) => reply.raw(200, 'tar') }),
    run: async ({ images }, options) => (await images.saveImage(image, options)).toArray(),
  },
  loadImages: {
    prepare: replace({ 'POST /images/load': (reply) => reply.raw(200, '{"stream":"Loaded image: a:1"}\n') }),
    run: ({ images }, options) => images.loadImages(Readable.from([Buffer.from('tar')]), options),
  },
  'exec and kill': {
    prepare: createRunning,
    stays: 1,
    run: async ({ execs }, options, id) => {
      await using running = await execs.exec(id, ['x'], options)
      return await running.kill('SIGTERM', options)
    },
  },
}

function replace(answers: Readonly<Record<string, FakeHandler>>) {
  return async ({ fake }: StartedRuntime) => {
    for (const [pattern, handler] of Object.entries(answers)) fake.override(pattern, handler)
    return ''
  }
}

/** Runs an operation and aborts it at its n-th request. Resolves with whether that many were made. */
async function abortAt(operation: Operation, wanted: number): Promise<boolean> {
  const started = await startRuntime()
  const { fake } = started
  const id = (await operation.prepare?.(started)) ?? ''
  fake.requests.length = 0
  const controller = new AbortController()
  const reason = new Error(`abort at request ${wanted}`)
  fake.onRequest = (_, index) => {
    if (index === wanted) controller.abort(reason)
  }
  const outcome = await operation.run(started, { signal: controller.signal }, id).then(
    () => 'done',
    (error: unknown) => error,
  )
  const wasReached = fake.requests.length > wanted
  if (outcome === 'done') {
    // The answer to the last request may arrive before the abort.
    expect(fake.requests.length).toBeLessThanOrEqual(wanted + 1)
  } else {
    expect(outcome).toBe(reason)
    expect(fake.state.containers.size).toBe(operation.stays ?? 0)
  }
  await started.runtime.close()
  for (const container of fake.state.containers.values()) {
    for (const socket of container.attached) socket.destroy() // the fake engine's own end
  }
  await expect.poll(() => fake.sockets.size).toBe(0)
  return wasReached
}

/** Runs an operation whose n-th and later requests are not answered. Resolves with whether that many were made. */
async function abortInSilence(operation: Operation, wanted: number): Promise<boolean> {
  const started = await startRuntime({}, { abortGraceMs: 20, undoMs: 60, closeMs: 50 })
  const { fake } = started
  const id = (await operation.prepare?.(started)) ?? ''
  fake.requests.length = 0
  const controller = new AbortController()
  const reason = new Error(`silence from request ${wanted} on`)
  fake.onRequest = (_, index) => {
    if (index < wanted) return
    controller.abort(reason)
    return new Promise(() => {})
  }
  const outcome = await operation.run(started, { signal: controller.signal }, id).then(
    () => 'done',
    (error: unknown) => error,
  )
  const wasReached = fake.requests.length > wanted
  if (wasReached && outcome !== 'done') expect(outcome).toBe(reason)
  await started.runtime.close()
  for (const container of fake.state.containers.values()) for (const socket of container.attached) socket.destroy()
  return wasReached
}

describe('the signal of an operation', () => {
  test.each(Object.entries(operations))(
    '%s rejects with the reason of an abort before the call, without a request',
    async (_, operation) => {
      const started = await startRuntime()
      const id = (await operation.prepare?.(started)) ?? ''
      started.fake.requests.length = 0
      const reason = new Error('before')
      await expect(operation.run(started, { signal: AbortSignal.abort(reason) }, id)).rejects.toBe(reason)
      expect(started.fake.requests).toHaveLength(0)
    },
  )

  test.each(Object.entries(operations))(
    '%s rejects with the reason of an abort at any request, and removes every object that it created',
    async (_, operation) => {
      let count = 0
      while (await abortAt(operation, count)) count += 1
      expect(count).toBeGreaterThan(0)
    },
    30_000,
  )

  test.each(Object.entries(replacedOperations))(
    '%s settles after an abort when the engine stops answering at any request',
    async (_, operation) => {
      let count = 0
      while (await abortInSilence(operation, count)) count += 1
      expect(count).toBeGreaterThan(0)
    },
    60_000,
  )

  test.each(Object.entries(operations))(
    '%s removes its listeners from a signal that is not aborted',
    async (_, operation) => {
      const started = await startRuntime()
      const id = (await operation.prepare?.(started)) ?? ''
      const { signal } = new AbortController()
      await operation.run(started, { signal }, id)
      await expect.poll(() => getEventListeners(signal, 'abort')).toHaveLength(0)
      started.fake.override('* *', (reply) => reply.refuse(500, 'not today'))
      await operation.run(started, { signal }, id).catch(() => {})
      await expect.poll(() => getEventListeners(signal, 'abort')).toHaveLength(0)
      await started.runtime.close()
      await operation.run(started, { signal }, id).catch(() => {})
      expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    },
  )
})
