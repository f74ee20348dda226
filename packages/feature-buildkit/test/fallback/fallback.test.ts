import {
  imageBuilderCapability,
  imageTransferCapability,
  networkManagerCapability,
  type RuntimeScope,
  sidecarManagerCapability,
} from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { type BuildKitBuildOptions, BuildKitFeature, type BuildRequest } from '../../src/index.js'
import { listLeftovers } from '../support/list-leftovers.js'
import { openWithSimulatedBuildKit } from '../support/simulated-buildkit.js'

const without = [networkManagerCapability, sidecarManagerCapability]
const files = { Dockerfile: 'FROM busybox\nCOPY a.txt /a.txt\nRUN echo built\n', 'a.txt': 'a' }
const request: BuildRequest = { context: { files }, output: { type: 'load', tags: ['app:1', 'app:2'] } }

const build = (scope: RuntimeScope, changes: Partial<BuildRequest> = {}, options: BuildKitBuildOptions = {}) =>
  scope.resolve(BuildKitFeature).build({ ...request, ...changes }, { graceMs: 1, fallback: 'runtime', ...options })

describe('BuildKitFeature.build', () => {
  it('uses BuildKit if possible, and removes the sidecar', async () => {
    await using scope = await openWithSimulatedBuildKit()
    const context = { files: { Dockerfile: 'FROM scratch\nCOPY . /\n' } }
    const built = build(scope, { context, output: { type: 'cache-only' } })
    const states: string[] = []
    for await (const event of built) if (event.type === 'step') states.push(event.state)
    expect(await built.result).toMatchObject({ builder: 'sidecar', unsupportedFeatures: [] })
    expect(states).toContain('completed')
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('removes the sidecar when it fails', async () => {
    await using scope = await openWithSimulatedBuildKit()
    const context = { files: { Dockerfile: 'FROM scratch\nRUN exit 9\n' } }
    const { result } = build(scope, { context, output: { type: 'cache-only' } })
    await expect(result).rejects.toMatchObject({ code: 'BUILD_FAILED' })
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('removes the sidecar when it is aborted', async () => {
    await using scope = await openWithSimulatedBuildKit()
    const controller = new AbortController()
    const context = { files: { Dockerfile: 'FROM scratch\nRUN hang\n' } }
    const built = build(scope, { context, output: { type: 'cache-only' } }, { signal: controller.signal })
    for await (const _ of built) controller.abort('enough')
    await expect(built.result).rejects.toBe('enough')
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('rejects an invalid request before a sidecar is created', async () => {
    await using scope = await openWithSimulatedBuildKit({ faults: [{ operation: 'createNetwork' }] })
    const { result } = build(scope, { dockerfile: '/etc/passwd' })
    await expect(result).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field: 'dockerfile' } })
  })
})

describe('fallback to the builder of the runtime', () => {
  it('builds the text of a Dockerfile that is not in the context', async () => {
    await using scope = await openWithSimulatedBuildKit({ without })
    const dockerfileText = 'FROM busybox\nCOPY a.txt /b.txt\n'
    const built = build(scope, { context: { files: { 'a.txt': 'a' } }, dockerfileText })
    expect(await built.result).toMatchObject({ builder: 'runtime', unsupportedFeatures: [] })
    expect(await scope.runtime.imageExists('app:1')).toBe(true)
  })

  it('builds once for all tags, and reports its steps and the reason', async () => {
    await using scope = await openWithSimulatedBuildKit({ without })
    const built = build(scope)
    const reported: string[] = []
    for await (const event of built) {
      if (event.type === 'step') reported.push(`${event.state} ${event.name}`)
      if (event.type === 'warning') reported.push(event.message)
    }
    const { builder, imageId, unsupportedFeatures } = await built.result
    expect({ builder, unsupportedFeatures }).toEqual({ builder: 'runtime', unsupportedFeatures: [] })
    expect(await scope.runtime.imageExists('app:2')).toBe(true)
    expect((await scope.runtime.listImages()).find(({ tags }) => tags.includes('app:1'))?.id).toBe(imageId)
    expect(reported).toEqual([
      'building with the runtime\'s own builder, because BuildKit needs networks and sidecars, which runtime "memory" does not provide',
      'started [1/3] FROM busybox',
      'completed [1/3] FROM busybox',
      'started [2/3] COPY a.txt /a.txt',
      'completed [2/3] COPY a.txt /a.txt',
      'started [3/3] RUN echo built',
      'completed [3/3] RUN echo built',
    ])
  })

  it('builds the Dockerfile whose path ends with a slash', async () => {
    await using scope = await openWithSimulatedBuildKit({ without })
    const context = { files: { Own: 'FROM busybox\n' } }
    const { result } = build(scope, { dockerfile: './Own/', context })
    expect((await result).builder).toBe('runtime')
  })

  it('lists what the builder of the runtime cannot do', async () => {
    await using scope = await openWithSimulatedBuildKit({ without })
    const { result } = build(scope, {
      dockerfile: 'Own',
      context: { files: { Own: '# syntax=docker/dockerfile:1\nFROM busybox\n', 'Own.dockerignore': 'x' } },
      secrets: { tok: 'hunter22' },
      network: 'none',
      extraHosts: { a: '127.0.0.2' },
      noCacheStages: ['b'],
      cacheFrom: [{ type: 'registry', ref: 'a' }],
      cacheTo: [{ type: 'inline' }],
      credentials: { 'registry.example': { username: 'u', password: 'p' } },
    })
    expect((await result).unsupportedFeatures).toEqual([
      'secrets: no step can read "tok"',
      'the network "none" of the steps',
      'the host names a',
      'running the steps of b again',
      'import of a cache',
      'export of the cache',
      'credentials for registry.example: the runtime uses its own',
      'the syntax "docker/dockerfile:1" that the Dockerfile names',
      '"Own.dockerignore": only .dockerignore is used',
    ])
  })

  it.each<{ code: string; scene: Parameters<typeof openWithSimulatedBuildKit>[0]; options?: BuildKitBuildOptions }>([
    { code: 'CAPABILITY_MISSING', scene: { without: [networkManagerCapability] } },
    { code: 'CAPABILITY_MISSING', scene: { unsupportedOptions: ['privileged', 'capAdd', 'securityOptions'] } },
    { code: 'IMAGE_PULL_FAILED', scene: {}, options: { image: 'nowhere/buildkit:1' } },
    { code: 'OPERATION_FAILED', scene: { buildkit: { exitCode: 1 } } },
    { code: 'TIMED_OUT', scene: { buildkit: { neverListens: true } }, options: { readyTimeoutMs: 20 } },
  ])('is used after $code, and only when it is requested', async ({ code, scene, options }) => {
    await using scope = await openWithSimulatedBuildKit(scene)
    await expect(build(scope, {}, { ...options, fallback: 'none' }).result).rejects.toMatchObject({ code })
    expect(await build(scope, {}, options).result).toMatchObject({ builder: 'runtime' })
    expect(await listLeftovers(scope)).toEqual([])
  })

  it.each<BuildRequest['output']>([{ type: 'cache-only' }, { type: 'push', tags: ['a/b:1'] }])(
    'is not used for an output that it cannot make: $type',
    async (output) => {
      await using scope = await openWithSimulatedBuildKit({ without })
      await expect(build(scope, { output }).result).rejects.toMatchObject({ code: 'CAPABILITY_MISSING' })
    },
  )

  it('rejects with BUILD_FAILED and the failed step when the builder fails', async () => {
    await using scope = await openWithSimulatedBuildKit({ without })
    const built = build(scope, { context: { files: { Dockerfile: 'FROM busybox\nRUN exit 3\n' } } })
    const failed: string[] = []
    for await (const event of built) if (event.type === 'step' && event.state === 'failed') failed.push(event.name)
    await expect(built.result).rejects.toMatchObject({ code: 'BUILD_FAILED', facts: { exitCode: 3 } })
    expect(failed).toEqual(['[2/2] RUN exit 3'])
  })

  it('rejects with BUILD_FAILED when there is no Dockerfile', async () => {
    await using scope = await openWithSimulatedBuildKit({ without })
    const { result } = build(scope, { dockerfile: 'Nope' })
    await expect(result).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringMatching(/open Nope: no such file/),
    })
  })

  it('rejects with CAPABILITY_MISSING when the runtime has no builder, with the error of the start as cause', async () => {
    await using scope = await openWithSimulatedBuildKit({ without: [...without, imageBuilderCapability] })
    await expect(build(scope).result).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      message: 'a build without BuildKit needs image builds, which runtime "memory" does not provide',
      facts: { missing: [{ title: 'image builds' }] },
      cause: { code: 'CAPABILITY_MISSING', facts: { missing: [{ title: 'networks' }, { title: 'sidecars' }] } },
    })
    expect(scope.resolve(BuildKitFeature).support()).toMatchObject({ supported: false })
  })

  it('is used when the runtime cannot load the image of BuildKit', async () => {
    await using scope = await openWithSimulatedBuildKit({ without: [imageTransferCapability] })
    expect(await build(scope).result).toMatchObject({ builder: 'runtime' })
  })
})
