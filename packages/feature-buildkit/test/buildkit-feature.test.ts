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
import { readExec } from './support/exec-text.js'
import { listLeft } from './support/list-left.js'
import { openWithStandIn } from './support/stand-in.js'

const resolve = (scope: RuntimeScope) => scope.resolve(BuildKitFeature)
const start = (scope: RuntimeScope, options: BuildKitOptions = {}) => resolve(scope).start({ graceMs: 1, ...options })

describe('support', () => {
  it('is there where networks, sidecars and exec are, and tells what is lacking', async () => {
    await using scope = await openWithStandIn({ without: [volumeManagerCapability] })
    expect(resolve(scope).support()).toMatchObject({ supported: true, lacks: [{ title: 'volumes' }] })
  })

  it('names all that is missing before anything is made', async () => {
    const without = [networkManagerCapability, sidecarManagerCapability]
    await using scope = await openWithStandIn({ name: 'apple', without })
    await expect(start(scope)).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      message: 'BuildKit needs networks and sidecars, which runtime "apple" does not provide',
      facts: { missing: [{ title: 'networks' }, { title: 'sidecars' }] },
    })
    expect(await scope.runtime.listContainers()).toEqual([])
  })

  it.each([networkManagerCapability, sidecarManagerCapability, execManagerCapability])(
    'names the one that is missing: $title',
    async (capability) => {
      await using scope = await openWithStandIn({ without: [capability] })
      expect(resolve(scope).support()).toMatchObject({ supported: false, missing: [{ title: capability.title }] })
    },
  )
})

describe('start', () => {
  it('resolves when BuildKit has answered, and disposing leaves nothing', async () => {
    await using scope = await openWithStandIn()
    const sidecar = await start(scope)
    expect(sidecar).toMatchObject({ privilege: 'privileged' })
    expect(await scope.runtime.containerState(sidecar.containerId)).toBe('running')
    await sidecar[Symbol.asyncDispose]()
    await sidecar[Symbol.asyncDispose]()
    expect(await listLeft(scope)).toEqual([])
  })

  it('shares one sidecar between users of one configuration; the last one out stops it', async () => {
    await using scope = await openWithStandIn()
    const [one, two] = await Promise.all([start(scope), start(scope)])
    expect(two.containerId).toBe(one.containerId)
    await one[Symbol.asyncDispose]()
    expect(await scope.runtime.containerState(two.containerId)).toBe('running')
    expect(await two.workers()).toHaveLength(1)
    await two[Symbol.asyncDispose]()
    expect(await listLeft(scope)).toEqual([])
  })

  it('gives other configurations sidecars of their own, and refuses a name that another one has', async () => {
    await using scope = await openWithStandIn()
    await using one = await start(scope, { name: 'builder' })
    await using two = await start(scope, { image: 'buildkit:other' })
    expect(one.containerId).not.toBe(two.containerId)
    const other = start(scope, { name: 'builder', image: 'buildkit:other' })
    await expect(other).rejects.toMatchObject({ code: 'NAME_CONFLICT', facts: { name: 'builder' } })
    expect(await scope.runtime.containerState(one.containerId)).toBe('running')
  })

  it('tells BuildKit the limits of its cache, and name servers', async () => {
    await using scope = await openWithStandIn()
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

  it('fails at once, with exit code and last lines, when the sidecar ends', async () => {
    await using scope = await openWithStandIn({ standIn: { exitCode: 3 } })
    await expect(start(scope)).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/could not lock .*buildkitd\.lock/),
    })
    expect(await listLeft(scope)).toEqual([])
  })

  it('tells of the end of the sidecar, though what was to run there failed before the end was heard', async () => {
    await using scope = await openWithStandIn({ standIn: { bootMs: 700, exitCode: 3, shellExitCode: 126 } })
    await expect(start(scope)).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/ended with exit code 3.*could not lock/s),
    })
    expect(await listLeft(scope)).toEqual([])
  })

  it('is TIMED_OUT with the last lines when BuildKit does not answer in time', async () => {
    await using scope = await openWithStandIn({ standIn: { silent: true } })
    await expect(start(scope, { readyTimeoutMs: 200 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: { phase: 'ready', timeoutMs: 200, lastLines: [expect.stringContaining('host network')] },
    })
    expect(await listLeft(scope)).toEqual([])
  })

  it('tells each second that it waits', async () => {
    await using scope = await openWithStandIn({ standIn: { silent: true } })
    const told: string[] = []
    const controller = new AbortController()
    const reason = new Error('enough')
    const onProgress = ({ status }: { readonly status: string }) => {
      told.push(status)
      controller.abort(reason)
    }
    await expect(start(scope, { onProgress, signal: controller.signal })).rejects.toBe(reason)
    expect(told[0]).toBe('waiting for BuildKit to answer, 1 s')
  })

  it('fails with what its listener throws, and leaves nothing', async () => {
    await using scope = await openWithStandIn({ standIn: { silent: true } })
    const onProgress = () => {
      throw new Error('of the listener')
    }
    await expect(start(scope, { readyTimeoutMs: 5_000, onProgress })).rejects.toThrow('of the listener')
    expect(await listLeft(scope)).toEqual([])
  })

  it('says what is wrong with an image without buildctl', async () => {
    await using scope = await openWithStandIn({ standIn: { withoutBuildctl: true } })
    await expect(start(scope)).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/127/),
    })
    expect(await listLeft(scope)).toEqual([])
  })

  it('leaves nothing when it is aborted while it waits', async () => {
    await using scope = await openWithStandIn({ standIn: { silent: true } })
    const controller = new AbortController()
    const starting = start(scope, { signal: controller.signal })
    await expect.poll(async () => (await scope.runtime.listContainers()).length).toBe(1)
    controller.abort('enough')
    await expect(starting).rejects.toBe('enough')
    expect(await listLeft(scope)).toEqual([])
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
  ])('refuses %j before anything is made', async (options, field) => {
    await using scope = await openWithStandIn()
    await expect(start(scope, options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field } })
    expect(await listLeft(scope)).toEqual([])
  })
})

describe('a build', () => {
  const files = (dockerfile: string) => ({ files: { Dockerfile: dockerfile, 'a.txt': 'a' } })

  it('tells its progress, writes its archive, and has its result from the metadata', async () => {
    await using scope = await openWithStandIn()
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
      builder: 'buildkit',
      imageId: 'sha256:90b23b06e8ecbe5f2cc984293328d3599c693c228ccce38a00fa37491e76f4b8',
      digest: 'sha256:7cf2e08c5a6bf6d9b7ac2eba896733ef717dbd1e0a2feae86bca5c06c59843aa',
      lost: [],
    })
    expect(states).toContain('completed')
    expect(archive).toBe('the archive')
  })

  it('that fails is BUILD_FAILED with step, command, exit code and last lines; its events need no reader', async () => {
    await using scope = await openWithStandIn()
    await using sidecar = await start(scope)
    const { result } = sidecar.build({ context: files('FROM x\nRUN exit 9\n'), output: { type: 'cache-only' } })
    await expect(result).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      facts: {
        step: '[2/2] RUN echo before; exit 9',
        command: 'RUN echo before; exit 9',
        exitCode: 9,
        lastLines: expect.arrayContaining(['before']),
      },
    })
  })

  it.each([
    [{ output: { type: 'nothing' } }, 'output.type'],
    [{ output: { type: 'load', tags: [] } }, 'output.tags'],
    [{ output: { type: 'load', tags: ['a b'] } }, 'output.tags[0]'],
    [{ output: { type: 'cache-only' }, dockerfile: '../Dockerfile' }, 'dockerfile'],
    [{ output: { type: 'cache-only' }, platforms: ['arm64'] }, 'platforms[0]'],
    [{ output: { type: 'cache-only' }, dockerfileText: ' ' }, 'dockerfileText'],
    [{ output: { type: 'cache-only' }, dockerfileText: 'FROM a', dockerfile: 'b' }, 'dockerfile'],
    [{ output: { type: 'cache-only' }, secrets: { 'a,b': 'x' } }, 'secrets'],
    [{ output: { type: 'cache-only' }, cacheFrom: ['here'] }, 'cacheFrom[0]'],
  ])('refuses %j', async (part, field) => {
    await using scope = await openWithStandIn()
    await using sidecar = await start(scope)
    const request = { context: files('FROM scratch\n'), ...part } as Parameters<typeof sidecar.build>[0]
    await expect(sidecar.build(request).result).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field } })
  })
})

describe('control', () => {
  it('reads workers and the cache, and prunes', async () => {
    await using scope = await openWithStandIn()
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
