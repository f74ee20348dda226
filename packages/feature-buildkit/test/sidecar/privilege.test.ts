import { type OptionName, type RuntimeScope, requireCapabilities, sidecarManagerCapability } from '@capstan/core'
import { describe, expect, it, vi } from 'vitest'
import {
  BuildKitFeature,
  type BuildKitOptions,
  type BuildKitStartProgress,
  defaultBuildKitImage,
  defaultRootlessImage,
} from '../../src/index.js'
import { listLeftovers } from '../support/list-leftovers.js'
import { readExec } from '../support/read-exec.js'
import { cgroupError } from '../support/run-failure.js'
import { openWithSimulatedBuildKit } from '../support/simulated-buildkit.js'

const start = (scope: RuntimeScope, options: BuildKitOptions = {}) =>
  scope.resolve(BuildKitFeature).start({ graceMs: 1, ...options })

/** Returns a function that lists the images of the sidecars that were created. */
function watchImages(scope: RuntimeScope): () => readonly string[] {
  const { sidecars } = requireCapabilities(scope, { sidecars: sidecarManagerCapability })
  const started = vi.spyOn(sidecars, 'startSidecar')
  return () => started.mock.calls.map(([{ image }]) => image)
}

describe('the privilege levels', () => {
  it.each<{ unsupportedOptions: readonly OptionName[]; level: string; testBuilds: string }>([
    { unsupportedOptions: [], level: 'privileged', testBuilds: '' },
    { unsupportedOptions: ['privileged'], level: 'rootless', testBuilds: '|' },
    { unsupportedOptions: ['privileged', 'capAdd'], level: 'rootless', testBuilds: '|' },
    { unsupportedOptions: ['privileged', 'securityOptions'], level: 'all-capabilities', testBuilds: '|' },
  ])(
    'selects $level when the runtime does not support $unsupportedOptions, and builds there after the test builds "$testBuilds"',
    async ({ unsupportedOptions, level, testBuilds }) => {
      await using scope = await openWithSimulatedBuildKit({ unsupportedOptions })
      await using sidecar = await start(scope)
      expect(sidecar.privilege).toBe(level)
      const counted = await readExec(scope, sidecar.containerId, ['sh', '-c', '', 'countTestBuilds'])
      expect(counted).toBe(testBuilds)
      const context = { files: { Dockerfile: 'FROM scratch\n' } }
      const { builder } = await sidecar.build({ context, output: { type: 'cache-only' } }).result
      expect(builder).toBe('sidecar')
    },
  )

  it('selects added-capabilities when there is no rootless image and the test build succeeds', async () => {
    await using scope = await openWithSimulatedBuildKit({ unsupportedOptions: ['privileged'] })
    await using sidecar = await start(scope, { image: 'buildkit:other' })
    expect(sidecar.privilege).toBe('added-capabilities')
  })

  it('skips and reports a level at which BuildKit answers and the test build fails', async () => {
    await using scope = await openWithSimulatedBuildKit({
      unsupportedOptions: ['privileged'],
      buildkit: { failsTestBuild: ['rootless'] },
    })
    const images = watchImages(scope)
    const events: BuildKitStartProgress[] = []
    await using sidecar = await start(scope, { onProgress: (event) => events.push(event) })
    expect(sidecar.privilege).toBe('added-capabilities')
    const reason = `BuildKit answers, but the RUN of a test build failed: ${cgroupError}`
    expect(sidecar.privilegeLevels).toEqual([
      { privilege: 'privileged', outcome: 'refused', reason: expect.any(String) },
      { privilege: 'rootless', outcome: 'test-build-failed', reason },
      { privilege: 'added-capabilities', outcome: 'selected', reason: '' },
    ])
    expect(events.filter(({ phase }) => phase !== 'waiting')).toEqual([
      { id: 'buildkit', phase: 'skipped', privilege: 'rootless', status: reason },
      { id: 'buildkit', phase: 'ready', privilege: 'added-capabilities', status: 'ready' },
    ])
    expect(images()).toEqual([defaultRootlessImage, defaultBuildKitImage])
  })

  it('skips a level whose daemon ends at its start', async () => {
    await using scope = await openWithSimulatedBuildKit({
      unsupportedOptions: ['privileged'],
      buildkit: { exitsAtStart: ['rootless'] },
    })
    await using sidecar = await start(scope)
    expect(sidecar.privilegeLevels.map(({ privilege, outcome }) => [privilege, outcome])).toEqual([
      ['privileged', 'refused'],
      ['rootless', 'daemon-exited'],
      ['added-capabilities', 'selected'],
    ])
    expect(sidecar.privilegeLevels[1]?.reason).toMatch(/^the sidecar ended with exit code 1 .*buildkitd\.lock$/)
  })

  it('skips rootless when its image cannot be pulled, and rejects with that error when the test build fails at the other levels', async () => {
    const image = 'buildkit:other'
    const options = { image, rootlessImage: 'registry.example/none:1' }
    await using able = await openWithSimulatedBuildKit({ unsupportedOptions: ['privileged'] })
    await using sidecar = await start(able, options)
    expect(sidecar.privilegeLevels.map(({ outcome }) => outcome)).toEqual(['refused', 'image-unavailable', 'selected'])
    await using unable = await openWithSimulatedBuildKit({
      unsupportedOptions: ['privileged'],
      buildkit: { failsTestBuild: ['root'] },
    })
    await expect(start(unable, options)).rejects.toMatchObject({
      code: 'IMAGE_PULL_FAILED',
      facts: { image: options.rootlessImage },
    })
    expect(await listLeftovers(unable)).toEqual([])
  })

  it('rejects with the reason of each level when all test builds fail, and removes all objects', async () => {
    const buildkit = { failsTestBuild: ['root', 'rootless'] } as const
    await using scope = await openWithSimulatedBuildKit({ unsupportedOptions: ['privileged'], buildkit })
    const error: unknown = await start(scope).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'OPTION_UNSUPPORTED', facts: { field: 'privileged' } })
    for (const level of ['privileged', 'rootless', 'added-capabilities', 'all-capabilities']) {
      expect(error).toMatchObject({ facts: { reason: expect.stringContaining(`${level}: `) } })
    }
    expect(error).toMatchObject({ facts: { reason: expect.stringContaining(cgroupError) } })
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('builds with the runtime when all test builds fail and a fallback is requested', async () => {
    const buildkit = { failsTestBuild: ['root', 'rootless'] } as const
    await using scope = await openWithSimulatedBuildKit({ unsupportedOptions: ['privileged'], buildkit })
    const context = { files: { Dockerfile: 'FROM busybox\n' } }
    const output = { type: 'load', tags: ['app:1'] } as const
    const { result } = scope.resolve(BuildKitFeature).build({ context, output }, { fallback: 'runtime', graceMs: 1 })
    expect(await result).toMatchObject({ builder: 'runtime' })
  })

  it('suggests the option rootlessImage when no level is left for the image', async () => {
    await using scope = await openWithSimulatedBuildKit({ unsupportedOptions: ['privileged', 'capAdd'] })
    await expect(start(scope, { image: 'buildkit:other' })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: {
        field: 'privileged',
        reason: expect.stringMatching(/privileged: /),
        remedy: expect.stringContaining('rootlessImage'),
      },
    })
    await using sidecar = await start(scope, { image: 'buildkit:other', rootlessImage: 'buildkit:other' })
    expect(sidecar.privilege).toBe('rootless')
  })

  it('reports the level of the creator to starts that share the sidecar', async () => {
    await using scope = await openWithSimulatedBuildKit({ unsupportedOptions: ['privileged'] })
    await using first = await start(scope)
    await using second = await start(scope)
    expect([first.privilege, second.privilege]).toEqual(['rootless', 'rootless'])
    expect(second.containerId).toBe(first.containerId)
  })

  it('selects the same level in concurrent starts when the test build fails at the first one', async () => {
    await using scope = await openWithSimulatedBuildKit({
      unsupportedOptions: ['privileged'],
      buildkit: { failsTestBuild: ['rootless'] },
    })
    const sidecars = await Promise.all([start(scope), start(scope), start(scope)])
    expect(new Set(sidecars.map(({ privilege }) => privilege))).toEqual(new Set(['added-capabilities']))
    for (const sidecar of sidecars) await sidecar[Symbol.asyncDispose]()
    expect(await listLeftovers(scope)).toEqual([])
  })
})
