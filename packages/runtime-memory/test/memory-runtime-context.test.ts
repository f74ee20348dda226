import type { OperationOptions } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { type MemoryFault, type MemoryImage, memoryPlugin } from '../src/index.js'
import { listObjects, noObjects, type OpenMemory, openMemory, openPlugin } from './support/open-memory.js'

type Operation = (memory: OpenMemory, options: OperationOptions) => Promise<unknown>

/** All methods with I/O, called on a created container `c` and a running container `r`. */
const operations: Readonly<Record<string, Operation>> = {
  ping: ({ runtime }, options) => runtime.ping(options),
  createContainer: ({ runtime }, options) => runtime.createContainer({ image: 'app', name: 'new' }, options),
  startContainer: ({ runtime }, options) => runtime.startContainer('c', options),
  stopContainer: ({ runtime }, options) => runtime.stopContainer('none', options),
  waitContainer: ({ runtime }, options) => runtime.waitContainer('r', options),
  removeContainer: ({ runtime }, options) => runtime.removeContainer('none', options),
  containerLogsAll: ({ runtime }, options) => runtime.containerLogsAll('r', options),
  containerState: ({ runtime }, options) => runtime.containerState('r', options),
  buildImage: ({ builder }, options) => builder.buildImage('FROM busybox\nRUN true', 'new', options),
  imageExists: ({ runtime }, options) => runtime.imageExists('busybox', options),
  getImageHomeDir: ({ runtime }, options) => runtime.getImageHomeDir('busybox', options),
  listImages: ({ runtime }, options) => runtime.listImages(options),
  removeImage: ({ runtime }, options) => runtime.removeImage('none', options),
  attach: ({ runtime }, options) => runtime.attach('r', options),
  startAttached: ({ runtime }, options) => runtime.startAttached('c', options),
  resizeTTY: ({ runtime }, options) => runtime.resizeTTY('r', { height: 1, width: 1 }, options),
  getHostAddress: ({ runtime }, options) => runtime.getHostAddress(options),
  getPortBindings: ({ runtime }, options) => runtime.getPortBindings('r', options),
  setupFirewall: ({ firewalls }, options) =>
    firewalls.setupFirewall('r', { proxyHost: '10.0.0.9', proxyPort: 1 }, options),
  listContainers: ({ runtime }, options) => runtime.listContainers(options),
  createNetwork: ({ networks }, options) => networks.createNetwork('new', options),
  removeNetwork: ({ networks }, options) => networks.removeNetwork('none', options),
  listNetworks: ({ networks }, options) => networks.listNetworks(options),
  startSidecar: ({ sidecars }, options) => sidecars.startSidecar({ name: 'new', image: 'app' }, options),
  inspectContainer: ({ runtime }, options) => runtime.inspectContainer('r', options),
  exec: ({ exec }, options) => exec.exec('r', ['true'], options),
  pullImage: ({ images }, options) => images.pullImage('other', options),
  loadImages: ({ images }, options) => images.loadImages(noBytes(), options),
  saveImage: ({ images }, options) => images.saveImage('busybox', options),
  createVolume: ({ volumes }, options) => volumes.createVolume('new', options),
  removeVolume: ({ volumes }, options) => volumes.removeVolume('none', options),
  listVolumes: ({ volumes }, options) => volumes.listVolumes(options),
}

const before = { ...noObjects, containers: ['c created', 'r running'] }

describe('an aborted signal', () => {
  it.each(
    Object.entries({
      ...operations,
      containerLogs: ({ runtime }: OpenMemory, options: OperationOptions) => runtime.containerLogs('r', options),
    }),
  )('rejects %s with its reason before any effect', async (_, operate) => {
    await using memory = await setUp([])
    const reason = new Error('enough')
    await expect(operate(memory, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(await listObjects(memory)).toEqual(before)
  })

  it.each(
    Object.entries(operations).flatMap(([name, operate]) => [false, true].map((after) => ({ name, operate, after }))),
  )(
    'rejects $name with its reason during the call and undoes it (after the effect: $after)',
    async ({ name, operate, after }) => {
      // These calls end only with their container, so they cannot have taken effect.
      if (after && ['waitContainer', 'attach', 'loadImages'].includes(name)) return
      const faults: MemoryFault[] = []
      await using memory = await setUp(faults)
      const abort = new AbortController()
      const reason = new Error('enough')
      faults.push({ operation: name, hang: true, after })
      const operating = operate(memory, { signal: abort.signal })
      const failing = expect(operating).rejects.toBe(reason)
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      abort.abort(reason)
      await failing
      expect(await listLeftovers(memory)).toEqual(before)
    },
  )

  it('undoes startSidecar at each of its steps', async () => {
    for (const operation of ['pullImage', 'createContainer', 'startContainer']) {
      for (const after of [false, true]) {
        const faults: MemoryFault[] = []
        await using memory = await setUp(faults)
        const abort = new AbortController()
        faults.push({ operation, hang: true, after })
        const starting = memory.sidecars.startSidecar({ name: 'new', image: 'app' }, { signal: abort.signal })
        const failing = expect(starting).rejects.toThrow('enough')
        for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
        abort.abort(new Error('enough'))
        await failing
        expect(await listLeftovers(memory)).toEqual(before)
      }
    }
  })

  it('causes no listener warning when many calls share it', async () => {
    await using memory = await setUp([])
    const warnings: Error[] = []
    const listen = (warning: Error) => void warnings.push(warning)
    process.on('warning', listen)
    const abort = new AbortController()
    const waiting = Array.from({ length: 30 }, () =>
      memory.runtime.waitContainer('r', { signal: abort.signal }).catch(() => {}),
    )
    abort.abort()
    await Promise.all(waiting)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', listen)
    expect(warnings).toEqual([])
  })
})

describe('close', () => {
  it.each(Object.entries(operations))('makes %s reject with RUNTIME_UNAVAILABLE', async (_, operate) => {
    await using memory = await setUp([])
    await memory.runtime.close()
    await memory.runtime.close()
    await expect(operate(memory, {})).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
      facts: { runtime: 'memory' },
    })
  })

  it('undoes current operations before it resolves', async () => {
    const plugin = memoryPlugin({ faults: [{ operation: 'createNetwork', hang: true, after: true }] })
    await using memory = await openPlugin(plugin)
    const creating = expect(memory.networks.createNetwork('n')).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    await new Promise((resolve) => setImmediate(resolve))
    await memory.runtime.close()
    await using again = await openPlugin(plugin)
    expect(await listObjects(again)).toEqual(noObjects)
    await creating
  })

  it('does not affect another runtime on the same simulation', async () => {
    const plugin = memoryPlugin()
    await using one = await openPlugin(plugin)
    await using other = await openPlugin(plugin)
    const id = await other.runtime.createContainer({ image: 'busybox', command: ['cat'], interactive: true })
    await other.runtime.startContainer(id)
    const waiting = other.runtime.waitContainer(id)
    await one.runtime.close()
    await other.runtime.stopContainer(id)
    expect(await waiting).toBe(143)
  })

  it('keeps no handle open while containers run', retryForTestRunnerTimers, async () => {
    const handles = countHandles()
    const memory = await setUp([])
    const ports = [{ containerPort: 80 }]
    for (const command of [['yes'], ['nc', '-lk', '-p', '80', '-e', 'cat']]) {
      await memory.runtime.startContainer(await memory.runtime.createContainer({ image: 'busybox', command, ports }))
    }
    await memory.exec.exec('r', ['sleep', '100'])
    const stream = await memory.runtime.containerLogs('r', { follow: true })
    const reading = stream[Symbol.asyncIterator]().next()
    const failing = expect(reading).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    expect(findMore(handles)).not.toEqual([])
    await memory[Symbol.asyncDispose]()
    await failing
    // Lets a write that has begun finish.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(findMore(handles)).toEqual([])
  })

  it('keeps the process alive during a call, but not for a container', retryForTestRunnerTimers, async () => {
    const handles = countHandles()
    await using memory = await setUp([])
    expect(findMore(handles)).toEqual([])
    const waiting = memory.runtime.waitContainer('r')
    waiting.catch(() => {}) // Closing the runtime rejects it when an expectation fails before.
    expect(findMore(handles)).not.toEqual([])
    await memory.runtime.removeContainer('r')
    await waiting
    expect(findMore(handles)).toEqual([])
  })
})

/**
 * Excludes an image that was pulled for a container, which stays as on a real engine, and the run of `startAttached`.
 */
async function listLeftovers(memory: OpenMemory) {
  const { containers, images, ...left } = await listObjects(memory)
  return {
    ...left,
    containers: containers.map((container) => container.replace('c exited', 'c created')),
    images: images.filter((tag) => tag !== 'app:latest'),
  }
}

async function setUp(faults: readonly MemoryFault[]): Promise<OpenMemory> {
  const memory = await openMemory({
    faults,
    pullable: { app, other: { ...app, user: 'other' } },
  })
  const command = ['sleep', '100']
  await memory.runtime.createContainer({ image: 'busybox', name: 'c', command: ['true'] })
  await memory.runtime.createContainer({ image: 'busybox', name: 'r', command, tty: true })
  await memory.runtime.startContainer('r')
  return memory
}

const app: MemoryImage = {
  main: ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(0))),
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

// Timers of the test runner start and end at any time.
const retryForTestRunnerTimers = { retry: 3 }

/** Returns the handles of this package that keep the event loop running. */
function countHandles(): ReadonlyMap<string, number> {
  const kinds = ['Timeout', 'Immediate', 'TCPServerWrap', 'TCPSocketWrap']
  const active = process.getActiveResourcesInfo()
  return new Map(kinds.map((kind) => [kind, active.filter((resource) => resource === kind).length]))
}

/** Returns the kinds of handles that have increased. */
function findMore(before: ReadonlyMap<string, number>): readonly string[] {
  return [...countHandles()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind]) => kind)
}
