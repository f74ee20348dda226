import { type RefusableField, type RuntimeScope, requireCapabilities, sidecarManagerCapability } from '@capstan/core'
import { describe, expect, it, vi } from 'vitest'
import {
  BuildKitFeature,
  type BuildKitOptions,
  type BuildKitStartProgress,
  defaultBuildKitImage,
  defaultRootlessImage,
} from '../../src/index.js'
import { readExec } from '../support/exec-text.js'
import { listLeft } from '../support/list-left.js'
import { cgroupRefusal } from '../support/run-refusal.js'
import { openWithStandIn } from '../support/stand-in.js'

const start = (scope: RuntimeScope, options: BuildKitOptions = {}) =>
  scope.resolve(BuildKitFeature).start({ graceMs: 1, ...options })

/** The images of the sidecars that a start makes, one after the other. */
function watchImages(scope: RuntimeScope): () => readonly string[] {
  const { sidecars } = requireCapabilities(scope, { sidecars: sidecarManagerCapability })
  const made = vi.spyOn(sidecars, 'startSidecar')
  return () => made.mock.calls.map(([{ image }]) => image)
}

describe('the ladder of privilege', () => {
  it.each<{ refuses: readonly RefusableField[]; rung: string; runs: string }>([
    { refuses: [], rung: 'privileged', runs: '' },
    { refuses: ['privileged'], rung: 'rootless', runs: '|' },
    { refuses: ['privileged', 'capAdd'], rung: 'rootless', runs: '|' },
    { refuses: ['privileged', 'securityOptions'], rung: 'all-capabilities', runs: '|' },
  ])(
    'ends at $rung where $refuses is refused, after these RUNs: "$runs", and builds there',
    async ({ refuses, rung, runs }) => {
      await using scope = await openWithStandIn({ refuses })
      await using sidecar = await start(scope)
      expect(sidecar.privilege).toBe(rung)
      const counted = await readExec(scope, sidecar.containerId, ['sh', '-c', '', 'runs'])
      expect(counted).toBe(runs)
      const context = { files: { Dockerfile: 'FROM scratch\n' } }
      const { builder } = await sidecar.build({ context, output: { type: 'cache-only' } }).result
      expect(builder).toBe('buildkit')
    },
  )

  it('takes the added capabilities where the image has no twin without root, if a RUN works there', async () => {
    await using scope = await openWithStandIn({ refuses: ['privileged'] })
    await using sidecar = await start(scope, { image: 'buildkit:other' })
    expect(sidecar.privilege).toBe('added-capabilities')
  })

  it('skips a level that answers and cannot RUN, and reports it', async () => {
    await using scope = await openWithStandIn({ refuses: ['privileged'], standIn: { cannotRun: ['rootless'] } })
    const images = watchImages(scope)
    const told: BuildKitStartProgress[] = []
    await using sidecar = await start(scope, { onProgress: (event) => told.push(event) })
    expect(sidecar.privilege).toBe('added-capabilities')
    const reason = `BuildKit answers, but no RUN works: ${cgroupRefusal}`
    expect(sidecar.rungs).toEqual([
      { privilege: 'privileged', verdict: 'refused', reason: expect.any(String) },
      { privilege: 'rootless', verdict: 'cannot-run', reason },
      { privilege: 'added-capabilities', verdict: 'runs', reason: '' },
    ])
    expect(told.filter(({ phase }) => phase !== 'waiting')).toEqual([
      { id: 'buildkit', phase: 'passed-over', privilege: 'rootless', status: reason },
      { id: 'buildkit', phase: 'ready', privilege: 'added-capabilities', status: 'ready' },
    ])
    expect(images()).toEqual([defaultRootlessImage, defaultBuildKitImage])
  })

  it('skips a level whose daemon ends at its start', async () => {
    await using scope = await openWithStandIn({ refuses: ['privileged'], standIn: { ends: ['rootless'] } })
    await using sidecar = await start(scope)
    expect(sidecar.rungs.map(({ privilege, verdict }) => [privilege, verdict])).toEqual([
      ['privileged', 'refused'],
      ['rootless', 'ended'],
      ['added-capabilities', 'runs'],
    ])
    expect(sidecar.rungs[1]?.reason).toMatch(/^the sidecar ended with exit code 1 .*buildkitd\.lock$/)
  })

  it('skips rootless when its image cannot be pulled, and fails with that when no other level can RUN', async () => {
    const image = 'buildkit:other'
    const options = { image, rootlessImage: 'registry.example/none:1' }
    await using able = await openWithStandIn({ refuses: ['privileged'] })
    await using sidecar = await start(able, options)
    expect(sidecar.rungs.map(({ verdict }) => verdict)).toEqual(['refused', 'no-image', 'runs'])
    await using unable = await openWithStandIn({ refuses: ['privileged'], standIn: { cannotRun: ['root'] } })
    await expect(start(unable, options)).rejects.toMatchObject({
      code: 'IMAGE_PULL_FAILED',
      facts: { image: options.rootlessImage },
    })
    expect(await listLeft(unable)).toEqual([])
  })

  it('fails with the reason of each level when none can RUN, and leaves nothing', async () => {
    const standIn = { cannotRun: ['root', 'rootless'] } as const
    await using scope = await openWithStandIn({ refuses: ['privileged'], standIn })
    const error: unknown = await start(scope).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'OPTION_UNSUPPORTED', facts: { field: 'privileged' } })
    for (const rung of ['privileged', 'rootless', 'added-capabilities', 'all-capabilities']) {
      expect(error).toMatchObject({ facts: { reason: expect.stringContaining(`${rung}: `) } })
    }
    expect(error).toMatchObject({ facts: { reason: expect.stringContaining(cgroupRefusal) } })
    expect(await listLeft(scope)).toEqual([])
  })

  it('lets the runtime build where no rung can RUN and a fallback is asked for', async () => {
    const standIn = { cannotRun: ['root', 'rootless'] } as const
    await using scope = await openWithStandIn({ refuses: ['privileged'], standIn })
    const context = { files: { Dockerfile: 'FROM busybox\n' } }
    const output = { type: 'load', tags: ['app:1'] } as const
    const { result } = scope.resolve(BuildKitFeature).build({ context, output }, { fallback: 'runtime', graceMs: 1 })
    expect(await result).toMatchObject({ builder: 'runtime' })
  })

  it('says so when no rung is left for the image', async () => {
    await using scope = await openWithStandIn({ refuses: ['privileged', 'capAdd'] })
    await expect(start(scope, { image: 'buildkit:other' })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'privileged', reason: expect.stringMatching(/privileged: .*; try a rootlessImage$/) },
    })
    await using sidecar = await start(scope, { image: 'buildkit:other', rootlessImage: 'buildkit:other' })
    expect(sidecar.privilege).toBe('rootless')
  })

  it('is told by the one who made the sidecar to those who join', async () => {
    await using scope = await openWithStandIn({ refuses: ['privileged'] })
    await using first = await start(scope)
    await using second = await start(scope)
    expect([first.privilege, second.privilege]).toEqual(['rootless', 'rootless'])
    expect(second.containerId).toBe(first.containerId)
  })

  it('uses the same level for concurrent starts, and none is ready where no RUN works', async () => {
    await using scope = await openWithStandIn({ refuses: ['privileged'], standIn: { cannotRun: ['rootless'] } })
    const sidecars = await Promise.all([start(scope), start(scope), start(scope)])
    expect(new Set(sidecars.map(({ privilege }) => privilege))).toEqual(new Set(['added-capabilities']))
    for (const sidecar of sidecars) await sidecar[Symbol.asyncDispose]()
    expect(await listLeft(scope)).toEqual([])
  })
})
