import { Writable } from 'node:stream'
import {
  execManagerCapability,
  networkManagerCapability,
  type RuntimeScope,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { BuildKitFeature, type BuildKitOptions } from '../src/index.js'
import { listLeftovers } from './support/list-leftovers.js'
import { readExec } from './support/read-exec.js'
import { openWithSimulatedBuildKit } from './support/simulated-buildkit.js'

const resolve = (scope: RuntimeScope) => scope.resolve(BuildKitFeature)
const start = (scope: RuntimeScope, options: BuildKitOptions = {}) => resolve(scope).start({ graceMs: 1, ...options })

describe('support', () => {
  it('is supported with networks, sidecars and exec, and lists the missing optional capabilities', async () => {
    await using scope = await openWithSimulatedBuildKit({ without: [volumeManagerCapability] })
    expect(resolve(scope).support()).toMatchObject({ supported: true, missingOptional: [{ title: 'volumes' }] })
  })

  it('rejects with all missing capabilities before anything is created', async () => {
    const without = [networkManagerCapability, sidecarManagerCapability]
    await using scope = await openWithSimulatedBuildKit({ name: 'apple', without })
    await expect(start(scope)).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      message: 'BuildKit needs networks and sidecars, which runtime "apple" does not provide',
      facts: { missing: [{ title: 'networks' }, { title: 'sidecars' }] },
    })
    expect(await scope.runtime.listContainers()).toEqual([])
  })

  it.each([networkManagerCapability, sidecarManagerCapability, execManagerCapability])(
    'lists the missing capability: $title',
    async (capability) => {
      await using scope = await openWithSimulatedBuildKit({ without: [capability] })
      expect(resolve(scope).support()).toMatchObject({ supported: false, missing: [{ title: capability.title }] })
    },
  )
})

describe('start', () => {
  it('resolves when BuildKit has answered, and removes all objects when it is disposed', async () => {
    await using scope = await openWithSimulatedBuildKit()
    const sidecar = await start(scope)
    expect(sidecar).toMatchObject({ privilege: 'privileged' })
    expect(await scope.runtime.containerState(sidecar.containerId)).toBe('running')
    await sidecar[Symbol.asyncDispose]()
    await sidecar[Symbol.asyncDispose]()
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('shares one sidecar between starts of the same configuration, and stops it after the last one', async () => {
    await using scope = await openWithSimulatedBuildKit()
    const [one, two] = await Promise.all([start(scope), start(scope)])
    expect(two.containerId).toBe(one.containerId)
    await one[Symbol.asyncDispose]()
    expect(await scope.runtime.containerState(two.containerId)).toBe('running')
    expect(await two.workers()).toHaveLength(1)
    await two[Symbol.asyncDispose]()
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('creates one sidecar per configuration, and rejects a name that another configuration has', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using one = await start(scope, { name: 'builder' })
    await using two = await start(scope, { image: 'buildkit:other' })
    expect(one.containerId).not.toBe(two.containerId)
    const other = start(scope, { name: 'builder', image: 'buildkit:other' })
    await expect(other).rejects.toMatchObject({ code: 'NAME_CONFLICT', facts: { name: 'builder' } })
    expect(await scope.runtime.containerState(one.containerId)).toBe('running')
  })

  it('writes the limits of the cache and the name servers to the daemon config', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope, { cache: { maxUsedBytes: 7e9 }, dns: ['192.0.2.1'] })
    expect((await readExec(scope, sidecar.containerId, ['cat', '/tmp/buildkitd.toml'])).split('\n')).toEqual([
      '[worker.oci]',
      'gc = true',
      'reservedSpace = 1000000000',
      'maxUsedSpace = 7000000000',
      'minFreeSpace = 5000000000',
      '[dns]',
      'nameservers = ["192.0.2.1"]',
      '',
    ])
  })

  it('rejects at once, with exit code and last lines, when the sidecar ends', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { exitCode: 3 } })
    await expect(start(scope)).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/could not lock .*buildkitd\.lock/),
    })
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('reports the end of the sidecar when an exec fails before the end is reported', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { bootMs: 700, exitCode: 3, shellExitCode: 126 } })
    await expect(start(scope)).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/ended with exit code 3.*could not lock/s),
    })
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('rejects with TIMED_OUT and the last lines when BuildKit does not answer in time', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { neverListens: true } })
    await expect(start(scope, { readyTimeoutMs: 200 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: { phase: 'ready', timeoutMs: 200, lastLines: [expect.stringContaining('host network')] },
    })
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('emits an event for each second of waiting', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { neverListens: true } })
    const statuses: string[] = []
    const controller = new AbortController()
    const reason = new Error('enough')
    const onProgress = ({ status }: { readonly status: string }) => {
      statuses.push(status)
      controller.abort(reason)
    }
    await expect(start(scope, { onProgress, signal: controller.signal })).rejects.toBe(reason)
    expect(statuses[0]).toBe('waiting until BuildKit is ready, 1 s')
  })

  it('rejects with the error of its listener, and removes all objects', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { neverListens: true } })
    const onProgress = () => {
      throw new Error('thrown by the listener')
    }
    await expect(start(scope, { readyTimeoutMs: 5_000, onProgress })).rejects.toThrow('thrown by the listener')
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('rejects with exit code 127 for an image without buildctl', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { withoutBuildctl: true } })
    await expect(start(scope)).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/127/),
    })
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('removes all objects when it is aborted while it waits for BuildKit', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { neverListens: true } })
    const controller = new AbortController()
    const starting = start(scope, { signal: controller.signal })
    await expect.poll(async () => (await scope.runtime.listContainers()).length).toBe(1)
    controller.abort('enough')
    await expect(starting).rejects.toBe('enough')
    expect(await listLeftovers(scope)).toEqual([])
  })

  it.each([
    [{ image: '' }, 'image'],
    [{ name: '-x' }, 'name'],
    [{ memoryBytes: -1 }, 'memoryBytes'],
    [{ graceMs: -1 }, 'graceMs'],
    [{ readyTimeoutMs: 0 }, 'readyTimeoutMs'],
    [{ rootlessImage: '' }, 'rootlessImage'],
    [{ dns: ['example'] }, 'dns[0]'],
    [{ cache: { maxUsedBytes: -1 } }, 'cache.maxUsedBytes'],
    [{ tcp: { port: 0, withoutCertificates: true } as const }, 'tcp.port'],
    [{ tcp: { withoutCertificates: false } as never }, 'tcp.certificates'],
    [{ tcp: { certificates: { ca: 'x', cert: 'x', key: 'x' } } }, 'tcp.certificates.ca'],
  ])('rejects %j before anything is created', async (options, field) => {
    await using scope = await openWithSimulatedBuildKit()
    await expect(start(scope, options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field } })
    expect(await listLeftovers(scope)).toEqual([])
  })
})

describe('build', () => {
  const files = (dockerfile: string) => ({ files: { Dockerfile: dockerfile, 'a.txt': 'a' } })

  it('emits progress, writes its archive, and resolves with the result of the exporter', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    let archive = ''
    const to = new Writable({
      write(chunk: Buffer, _encoding, done) {
        archive += chunk.toString()
        done()
      },
    })
    const build = sidecar.build({
      context: files('FROM scratch\nCOPY a.txt /\n'),
      secrets: { tok: 'hunter2' },
      buildArgs: { A: '1' },
      output: { type: 'archive', format: 'oci', to },
    })
    const states = new Set<string>()
    for await (const event of build) if (event.type === 'step') states.add(event.state)
    expect(await build.result).toMatchObject({
      builder: 'sidecar',
      imageId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      unsupportedFeatures: [],
    })
    expect(states).toContain('completed')
    expect(archive).toContain('oci-layout')
  })

  it('rejects with BUILD_FAILED, step, command, exit code and last lines, also when no events are read', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const { result } = sidecar.build({
      context: files('FROM scratch\nRUN echo before; exit 9\n'),
      output: { type: 'cache-only' },
    })
    await expect(result).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      facts: {
        step: expect.stringMatching(/^\[.*\] RUN echo before; exit 9$/),
        command: 'RUN echo before; exit 9',
        exitCode: 9,
        lastLines: expect.arrayContaining(['before']),
      },
    })
  })

  it.each([
    [{ output: { type: 'nothing' } }, 'output.type'],
    [{ output: { type: 'push', tags: [] } }, 'output.tags'],
    [{ output: { type: 'load', tags: ['a b'] } }, 'output.tags[0]'],
    [{ output: { type: 'cache-only' }, dockerfile: '../Dockerfile' }, 'dockerfile'],
    [{ output: { type: 'cache-only' }, platforms: ['linux', 'linux arm'] }, 'platforms[1]'],
    [{ output: dockerArchive, platforms: ['linux/amd64', 'linux/arm64'] }, 'platforms'],
    [{ output: { type: 'cache-only' }, dockerfileText: ' ' }, 'dockerfileText'],
    [{ output: { type: 'cache-only' }, dockerfileText: 'FROM a', dockerfile: '/b' }, 'dockerfile'],
    [{ output: { type: 'cache-only' }, secrets: { 'a,b': 'x' } }, 'secrets'],
    [{ output: { type: 'cache-only' }, cacheFrom: [{ type: '' }] }, 'cacheFrom[0].type'],
    [{ output: { type: 'cache-only' }, cacheFrom: [{ type: 'local', dest: '/cache' }] }, 'cacheFrom[0].src'],
    [{ output: { type: 'cache-only' }, cacheTo: [{ type: 'inline' }, { type: 'local' }] }, 'cacheTo[1].dest'],
    [{ output: { type: 'cache-only' }, dockerignoreText: 'a' }, 'dockerignoreText'],
    [{ output: { type: 'cache-only' }, network: 'bridge' }, 'network'],
    [{ output: { type: 'cache-only' }, extraHosts: { 'a,b': '127.0.0.1' } }, 'extraHosts["a,b"]'],
    [{ output: { type: 'cache-only' }, extraHosts: { a: 'b' } }, 'extraHosts["a"]'],
    [{ output: { type: 'cache-only' }, noCacheStages: ['a,b'] }, 'noCacheStages[0]'],
  ])('rejects %j with INVALID_ARGUMENT', async (part, field) => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const request = { context: files('FROM scratch\n'), ...part } as Parameters<typeof sidecar.build>[0]
    await expect(sidecar.build(request).result).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field } })
  })
})

describe('control', () => {
  it('lists workers and cache records, and prunes', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const [worker] = await sidecar.workers()
    expect(worker).toMatchObject({ id: '8xj5qfd1zy7t2933x6fvyp71f', version: 'v0.32.2' })
    expect(worker?.platforms).toContain('linux/amd64/v2')
    const [record] = await sidecar.diskUsage()
    expect(record).toMatchObject({ sizeBytes: 4096, inUse: false, description: 'local source for context' })
    expect(record?.createdAt?.getUTCFullYear()).toBe(2026)
    expect((await sidecar.prune({ all: true, keepBytes: 3_200_000 })).length).toBeGreaterThan(1)
    await expect(sidecar.prune({ keepBytes: -1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

const dockerArchive = { type: 'archive', format: 'docker', to: new Writable() } as const
