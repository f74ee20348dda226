import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { inspect, promisify } from 'node:util'
import {
  containerStatsCapability,
  execManagerCapability,
  type HostErrorCode,
  type ImageBuilder,
  imageBuilderCapability,
  imageTransferCapability,
  networkManagerCapability,
  type Runtime,
  requireCapabilities,
} from '@capstan/core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { AppleTimeouts } from '../src/index.js'
import { describeWithSimulator } from './simulator/describe-with-simulator.js'
import { type OpenApple, openApple } from './simulator/open-apple.js'
import { type Simulator, startSimulator } from './simulator/start-simulator.mjs'
import { useSimulator } from './simulator/use-simulator.js'

let simulator: Simulator
let opened: OpenApple
let runtime: Runtime
let builder: ImageBuilder
let image: string

describeWithSimulator('the Apple runtime when the command fails', () => {
  beforeAll(async () => {
    simulator = await startSimulator()
    opened = await openApple(simulator, { networks: 'if-available' })
    runtime = opened.scope.runtime
    builder = requireCapabilities(opened.scope, { builder: imageBuilderCapability }).builder
    image = simulator.image
  })
  beforeEach(async () => {
    await simulator.control({ faults: [], service: { status: 'running' } })
  })
  afterAll(async () => {
    await opened[Symbol.asyncDispose]()
    await simulator.close()
  })

  const rejectsWith = async (code: HostErrorCode, call: () => Promise<unknown>, facts: object = {}) => {
    const error: unknown = await call().catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code, facts })
  }
  const start = async (...command: readonly string[]) => {
    const id = await runtime.createContainer({ image, command })
    await runtime.startContainer(id)
    return id
  }

  it('rejects every call with CONNECTION_LOST when the service has stopped', async () => {
    const id = await runtime.createContainer({ image, command: ['true'] })
    await simulator.control({ service: { status: 'not running' } })
    await rejectsWith('CONNECTION_LOST', () => runtime.containerState(id))
    await rejectsWith('CONNECTION_LOST', () => runtime.startContainer(id))
    await rejectsWith('CONNECTION_LOST', () => runtime.imageExists(image))
    await rejectsWith('CONNECTION_LOST', () => runtime.listContainers())
  })

  it('rejects with CONNECTION_LOST when the connection breaks, and serves the next call', async () => {
    const id = await start('sleep', '60')
    await simulator.control({ faults: [{ on: 'inspect', kind: 'drop', times: 1 }] })
    await rejectsWith('CONNECTION_LOST', () => runtime.containerState(id))
    expect(await runtime.containerState(id)).toBe('running')
    await runtime.removeContainer(id)
  })

  it('ignores unknown fields, and shows the start of an output without a required field', async () => {
    const id = await runtime.createContainer({ image, command: ['true'] })
    const answers = ['[{"id":"x","status":{"state":"running"}}]', 'no JSON at all', '']
    for (const text of answers) {
      await simulator.control({ faults: [{ on: 'inspect', kind: 'garbage', text, times: 1 }] })
      await rejectsWith('PROTOCOL_ERROR', () => runtime.containerState(id), {
        excerpt: text === '' ? 'nothing at all' : expect.stringContaining(text.slice(0, 20)),
      })
    }
  })

  it('skips warnings before the JSON', async () => {
    const id = await runtime.createContainer({ image, command: ['true'] })
    await simulator.control({
      faults: [
        { on: 'inspect', kind: 'warn' },
        { on: 'list', kind: 'warn' },
      ],
    })
    expect(await runtime.containerState(id)).toBe('created')
    expect((await runtime.listContainers()).map((listed) => listed.id)).toContain(id)
  })

  it('recognises not-found errors in every wording', async () => {
    const wordings = [
      'container not found: gone-1',
      'get failed: container gone-1 not found',
      'notFound: "container with ID gone-1 not found"',
      'internalError: "failed to stop container" (cause: "notFound: "container with ID gone-1 not found"")',
    ]
    for (const text of wordings) {
      await simulator.control({ faults: [{ on: 'inspect', kind: 'fail', text, times: 1 }] })
      await rejectsWith('CONTAINER_NOT_FOUND', () => runtime.containerState('gone-1'), { id: 'gone-1' })
    }
  })

  it('finds the cause of an error when the name contains words of another error', async () => {
    await rejectsWith('CONTAINER_NOT_FOUND', () => runtime.containerState('image-of-network-volume'))
  })

  it('rejects a hanging call at once on abort, and kills the command', async () => {
    await simulator.control({ faults: [{ on: 'list', kind: 'hang' }] })
    const controller = new AbortController()
    const listing = runtime.listContainers({ signal: controller.signal })
    await expect.poll(() => simulator.calls().at(-1)?.argv[0]).toBe('list')
    const reason = new Error('waited enough')
    controller.abort(reason)
    await expect(listing).rejects.toBe(reason)
  })

  it('chooses another port when a chosen one was taken before the start', async () => {
    await simulator.control({ faults: [{ on: 'start', kind: 'take-port', times: 1 }] })
    const id = await runtime.createContainer({ image, command: ['sleep', '60'], ports: [{ containerPort: 80 }] })
    await runtime.startContainer(id)
    expect((await runtime.getPortBindings(id)).get(80)).toBeGreaterThan(0)
    const creates = simulator.calls().filter(({ argv }) => argv[0] === 'create' && argv.includes(`--name=${id}`))
    const published = creates.map(({ argv }) => argv.find((word) => word.startsWith('--publish=')))
    expect(new Set(published).size).toBe(2)
    await runtime.removeContainer(id)
  })

  it('rejects with IN_USE and keeps the container when each chosen port was taken before the start', async () => {
    await simulator.control({ faults: [{ on: 'start', kind: 'take-port', times: 3 }] })
    const id = await runtime.createContainer({ image, command: ['sleep', '60'], ports: [{ containerPort: 80 }] })
    await rejectsWith('IN_USE', () => runtime.startContainer(id))
    expect(await runtime.containerState(id)).toBe('created')
    await runtime.removeContainer(id)
  })

  it('rejects with IN_USE when a requested port was taken before the start', async () => {
    const id = await runtime.createContainer({
      image,
      command: ['sleep', '60'],
      ports: [{ containerPort: 80, hostPort: 18_473 }],
    })
    await simulator.control({ faults: [{ on: 'start', kind: 'take-port', times: 1 }] })
    await rejectsWith('IN_USE', () => runtime.startContainer(id), { subject: 'port 18473 of 127.0.0.1' })
  })

  it('rejects with NAME_CONFLICT when another client took the name, and keeps its container', async () => {
    await simulator.control({ faults: [{ on: 'create', kind: 'take-name', times: 1 }] })
    const create = () => runtime.createContainer({ image, name: 'raced', command: ['true'] })
    await rejectsWith('NAME_CONFLICT', create, { name: 'raced', holderId: 'raced', sameOwner: false })
    expect((await runtime.listContainers()).map(({ id }) => id)).toContain('raced')
  })

  it('waits for a slow service', async () => {
    await simulator.control({ faults: [{ on: 'create', kind: 'slow', ms: 300 }] })
    await runtime.createContainer({ image, command: ['true'] })
  })

  it('removes the container after an abort when the command finishes the create', async () => {
    const before = (await runtime.listContainers()).length
    await simulator.control({ faults: [{ on: 'create', kind: 'slow', ms: 200 }] })
    const controller = new AbortController()
    const creating = runtime.createContainer({ image, command: ['true'] }, { signal: controller.signal })
    await expect.poll(() => simulator.calls().at(-1)?.argv[0]).toBe('create')
    const reason = new Error('no longer wanted')
    controller.abort(reason)
    await expect(creating).rejects.toBe(reason)
    expect(await runtime.listContainers()).toHaveLength(before)
  })

  it.each([
    'my own',
    "ENOENT: no such file or directory, open '/nowhere'",
    'Permission denied',
    'Connection interrupted',
    'container other is not running',
  ])('returns the exit code 1 of a program that prints: Error: %s', async (words) => {
    const script = `echo "Error: ${words}" >&2; sleep 0.1; exit 1`
    const id = await start('sh', '-c', script)
    expect(await runtime.waitContainer(id)).toBe(1)
    const { execs } = requireCapabilities(opened.scope, { execs: execManagerCapability })
    const host = await start('sleep', '60')
    const process = await execs.exec(host, ['sh', '-c', script])
    process.stderr.resume()
    expect(await process.exitCode).toBe(1)
    await runtime.removeContainer(host)
  })

  it('returns the exit code of a program that prints an error text of the command', async () => {
    const { execs } = requireCapabilities(opened.scope, { execs: execManagerCapability })
    const host = await start('sleep', '60')
    const script = 'echo begun; echo "Error: failed to find target executable x" >&2; exit 1'
    const process = await execs.exec(host, ['sh', '-c', script])
    for (const stream of [process.stdout, process.stderr]) stream.resume()
    expect(await process.exitCode).toBe(1)
    await runtime.removeContainer(host)
  })

  it('rejects unsupported values with OPTION_UNSUPPORTED before it runs the command', async () => {
    const before = simulator.calls().length
    const { networks } = requireCapabilities(opened.scope, { networks: networkManagerCapability })
    const mounts = [{ type: 'bind', source: '/a:b,c', target: '/d' }] as const
    await rejectsWith('OPTION_UNSUPPORTED', () => runtime.createContainer({ image, mounts }), { field: 'mounts' })
    await rejectsWith('OPTION_UNSUPPORTED', () => runtime.createContainer({ image, name: 'x' }), { field: 'name' })
    await rejectsWith('OPTION_UNSUPPORTED', () => networks.createNetwork('Upper'), { field: 'name' })
    await rejectsWith('OPTION_UNSUPPORTED', () => networks.createNetwork('low', { labels: { Key: 'x' } }), {
      field: 'labels',
    })
    expect(simulator.calls()).toHaveLength(before)
  })

  it('passes no password as an argument, and logs out after the pull', async () => {
    const { images } = requireCapabilities(opened.scope, { images: imageTransferCapability })
    const before = simulator.calls().length
    const credentials = { username: 'someone', password: 'the-secret' }
    await rejectsWith('IMAGE_PULL_FAILED', () => images.pullImage('localhost:1/private:1', { credentials }))
    const calls = simulator.calls().slice(before)
    expect(calls.map(({ argv }) => argv.slice(0, 2).join(' '))).toEqual([
      'registry list',
      'registry login',
      'image pull',
      'registry logout',
    ])
    expect(JSON.stringify(calls)).not.toContain('the-secret')
  })

  it('shows no environment values in the error of a command that cannot be started', async () => {
    const env = { TOKEN: 'the-secret'.repeat(20_000) }
    const error: unknown = await runtime.createContainer({ image, env }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'OPERATION_FAILED', facts: { reason: expect.stringContaining('E2BIG') } })
    expect(inspect(error, { depth: 9 })).not.toContain('the-secret')
  })

  it('keeps an existing network when a second create of its name is aborted', async () => {
    const { networks } = requireCapabilities(opened.scope, { networks: networkManagerCapability })
    const id = await networks.createNetwork('twice')
    await simulator.control({ faults: [{ on: 'network create', kind: 'slow', ms: 200 }] })
    const controller = new AbortController()
    const creating = networks.createNetwork('twice', { signal: controller.signal })
    await expect.poll(() => simulator.calls().at(-1)?.argv.slice(0, 2)).toEqual(['network', 'create'])
    controller.abort('enough')
    await expect(creating).rejects.toBe('enough')
    expect((await networks.listNetworks()).map((network) => network.id)).toContain(id)
    await networks.removeNetwork(id)
    await expect(networks.createNetwork('twice', { signal: AbortSignal.timeout(100) })).rejects.toThrow()
    expect((await networks.listNetworks()).map((network) => network.id)).not.toContain(id)
  })

  it('rejects a build with the error of a throwing listener', async () => {
    const onProgress = () => {
      throw new Error('thrown by the listener')
    }
    const building = builder.buildImage('FROM scratch\nLABEL a=b\n', 'built:1', { onProgress })
    await expect(building).rejects.toThrow('thrown by the listener')
    await runtime.removeImage('built:1')
  })

  it('delays a build that recreates the builder until the running builds have ended', async () => {
    await simulator.control({ faults: [{ on: 'build', kind: 'hang', times: 1 }] })
    const before = simulator.calls().length
    const begun = () => simulator.calls().filter(({ argv }, at) => at >= before && argv[0] === 'build').length
    const controllers = [new AbortController(), new AbortController()] as const
    const build = (tag: string, options: object) => builder.buildImage('FROM scratch\n', tag, options)
    const hanging = expect(build('one:1', { dns: ['9.9.9.9'], signal: controllers[0].signal })).rejects.toBe('enough')
    await expect.poll(begun).toBe(1)
    const next = build('two:1', {})
    const givenUp = expect(build('three:1', { signal: controllers[1].signal })).rejects.toBe('enough')
    await build('four:1', { dns: ['9.9.9.9'] })
    await runtime.listImages()
    expect(begun()).toBe(2)
    for (const controller of controllers) controller.abort('enough')
    await Promise.all([givenUp, hanging, next])
    expect(begun()).toBe(3)
    for (const tag of ['two:1', 'four:1']) await runtime.removeImage(tag)
  })

  it('runs one build for several tags', async () => {
    const before = simulator.calls().length
    await builder.buildImage('FROM scratch\nLABEL a=b\n', 'first:1', { tags: ['second:1', 'first:1'] })
    const builds = simulator.calls().filter(({ argv }, at) => at >= before && argv[0] === 'build')
    expect(builds.map(({ argv }) => argv.filter((word) => word.startsWith('--tag=')))).toEqual([
      ['--tag=docker.io/library/first:1', '--tag=docker.io/library/second:1'],
    ])
    const image = (await runtime.listImages()).find(({ tags }) => tags.includes('first:1'))
    expect(image?.tags).toEqual(['first:1', 'second:1'])
    await runtime.removeImage(image?.id ?? '')
  })

  it('restores the tags to their earlier images when a build fails after it has moved them', async () => {
    await builder.buildImage('FROM scratch\nLABEL version=1\n', 'moved:1')
    const before = await runtime.listImages()
    await simulator.control({ faults: [{ on: 'image delete', kind: 'fail', text: 'internalError: "busy"', times: 1 }] })
    const build = () => builder.buildImage('FROM scratch\nLABEL version=2\n', 'new:1', { tags: ['moved:1'] })
    await rejectsWith('OPERATION_FAILED', build)
    expect(await runtime.listImages()).toEqual(before)
    await build()
    const tags = (await runtime.listImages()).map((listed) => listed.tags)
    expect(tags).toContainEqual(['new:1', 'moved:1'])
    expect(tags.flat().filter((tag) => tag.startsWith('capstan-earlier'))).toEqual([])
    for (const tag of ['new:1', 'moved:1']) await runtime.removeImage(tag)
  })

  it('rejects credentials for a registry at which the user is logged in, and keeps the login', async () => {
    const { images } = requireCapabilities(opened.scope, { images: imageTransferCapability })
    await simulator.control({ service: { logins: ['localhost:1'] } })
    const credentials = { username: 'someone', password: 'the-secret' }
    const pull = () => images.pullImage('localhost:1/private:1', { credentials })
    await rejectsWith('IMAGE_PULL_FAILED', pull, { registryText: expect.stringContaining('a login at localhost:1') })
    expect(simulator.calls().at(-1)?.argv[1]).toBe('list')
    await simulator.control({ service: { logins: [] } })
  })

  const openShort = (timeouts: Partial<AppleTimeouts>) =>
    openApple(simulator, { networks: 'if-available', timeouts: { inspectAnswerMs: 300, ...timeouts } })

  it('rejects a hanging start with TIMED_OUT and kills the container', async () => {
    await using short = await openShort({ startMs: 200 })
    const id = await short.scope.runtime.createContainer({ image, command: ['sleep', '60'] })
    await simulator.control({ faults: [{ on: 'start', kind: 'hang' }] })
    const starting = short.scope.runtime.startContainer(id)
    const facts = { phase: 'the start', timeoutMs: 200, option: 'timeouts.startMs' }
    await expect(starting).rejects.toMatchObject({ code: 'TIMED_OUT', facts })
    expect(simulator.calls().map(({ argv }) => argv)).toContainEqual(['kill', '--signal', 'KILL', id])
  })

  it('continues a start when an inspection during it times out', async () => {
    await using short = await openShort({})
    const id = await short.scope.runtime.createContainer({ image, command: ['sleep', '60'] })
    await simulator.control({ faults: [{ on: 'start', kind: 'slow', ms: 2000, times: 1 }] })
    const starting = short.scope.runtime.startContainer(id)
    await expect.poll(() => simulator.calls().some(({ argv }) => argv[0] === 'start' && argv.at(-1) === id)).toBe(true)
    await simulator.control({ faults: [{ on: 'inspect', kind: 'hang', times: 2 }] })
    await starting
    expect(await short.scope.runtime.containerState(id)).toBe('running')
    await short.scope.runtime.removeContainer(id)
  })

  it('keeps a program with output running when the runtime is closed during the query of its state', async () => {
    const other = await openApple(simulator)
    const command = ['sh', '-c', 'sleep 0.3; echo started; sleep 60']
    const id = await other.scope.runtime.createContainer({ image, command })
    const stdout = new PassThrough()
    await simulator.control({ faults: [{ on: 'inspect', kind: 'slow', ms: 1500 }] })
    const running = other.scope.runtime.startAttached(id, { stdout }).catch((error: unknown) => error)
    await once(stdout, 'data')
    await other[Symbol.asyncDispose]()
    await simulator.control({ faults: [] })
    expect(await running).toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    expect(await runtime.containerState(id)).toBe('running')
    await runtime.removeContainer(id)
  })

  it('settles an aborted call although the command does not answer', async () => {
    await using short = await openShort({ abortGraceMs: 100, undoMs: 300 })
    const controller = new AbortController()
    await simulator.control({ faults: ['create', 'inspect', 'delete'].map((on) => ({ on, kind: 'hang' })) })
    const creating = short.scope.runtime.createContainer({ image }, { signal: controller.signal })
    await expect.poll(() => simulator.calls().at(-1)?.argv[0]).toBe('create')
    const reason = new Error('waited enough')
    controller.abort(reason)
    await expect(creating).rejects.toBe(reason)
  })

  it('replaces the limit with the signal of the caller', async () => {
    await using short = await openShort({ answerMs: 300 })
    await simulator.control({ faults: [{ on: 'list', kind: 'slow', ms: 1500 }] })
    const facts = { timeoutMs: 300, option: 'timeouts.answerMs' }
    await expect(short.scope.runtime.listContainers()).rejects.toMatchObject({ code: 'TIMED_OUT', facts })
    const { signal } = new AbortController()
    expect(await short.scope.runtime.listContainers({ signal })).toBeInstanceOf(Array)
  })

  it('omits statistics that the command does not print, and rejects when those of the CPU or all are missing', async () => {
    const id = await start('sleep', '60')
    const { stats } = requireCapabilities(opened.scope, { stats: containerStatsCapability })
    const answer = (value: unknown) =>
      simulator.control({ faults: [{ on: 'stats', kind: 'garbage', text: JSON.stringify(value), times: 2 }] })
    await answer([
      { id, cpuUsageUsec: 7, memoryUsageBytes: 4096, networkRxBytes: 1, blockReadBytes: 3, blockWriteBytes: 4 },
    ])
    expect(await stats.sample(id)).toEqual({
      at: expect.any(Date),
      cpu: { usedNs: 7000, share: 0 },
      memory: { usedBytes: 4096, limitBytes: undefined },
      network: undefined,
      blocks: { readBytes: 3, writtenBytes: 4 },
      pids: undefined,
    })
    await answer([{ id, memoryUsageBytes: 4096 }])
    await rejectsWith('PROTOCOL_ERROR', () => stats.sample(id), { operation: 'sample' })
    await answer([])
    const reason = 'the command prints no statistics of the container, although it runs'
    await rejectsWith('OPERATION_FAILED', () => stats.sample(id), { reason })
    await runtime.removeContainer(id)
  })

  it('rejects an argument that the grammar does not know', async () => {
    const other = await useSimulator()
    await expect(other.control({}).then(() => run(other.command, ['list', '--filter', 'x']))).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringContaining("Unknown option '--filter'"),
    })
    expect(other.takeProblems()).toHaveLength(1)
  })
})

const run = promisify(execFile)
