import { execManagerCapability, imageTransferCapability, type RuntimeScope, requireCapabilities } from '@capstan/core'
import { describe, expect, it, vi } from 'vitest'
import { BuildKitFeature, type BuildRequest } from '../../src/index.js'
import { openWithSimulatedBuildKit } from '../support/simulated-buildkit.js'

const start = (scope: RuntimeScope) => scope.resolve(BuildKitFeature).start({ graceMs: 1 })
const request = (run: string, rest: Partial<BuildRequest> = {}): BuildRequest => ({
  context: { files: { Dockerfile: `FROM scratch\nRUN ${run}\n` } },
  output: { type: 'cache-only' },
  ...rest,
})
/** The execs of a start: the lease, and the connection to BuildKit, which its builds use. */
const execsOfStart = 2

describe('the output of a build in a sidecar', () => {
  it("is loaded into the runtime, and the result has the runtime's id of the image", async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const { builder, imageId } = await sidecar.build(request('true', { output: { type: 'load', tags: ['app:1'] } }))
      .result
    const images = await scope.runtime.listImages()
    expect(imageId).toBe(images.find(({ tags }) => tags.includes('app:1'))?.id)
    expect({ builder, isKnown: imageId !== undefined }).toEqual({ builder: 'sidecar', isKnown: true })
  })

  it('is loaded without a tag, and the result has its id', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const before = (await scope.runtime.listImages()).map(({ id }) => id)
    const { imageId } = await sidecar.build(request('true', { output: { type: 'load', tags: [] } })).result
    const created = (await scope.runtime.listImages()).filter(({ id }) => !before.includes(id))
    expect(created).toMatchObject([{ id: imageId, tags: [] }])
  })

  it('fails with the error of the runtime that rejects it', async () => {
    await using scope = await openWithSimulatedBuildKit({ faults: [{ operation: 'loadImages' }] })
    await using sidecar = await start(scope)
    const { result } = sidecar.build(request('true', { output: { type: 'load', tags: ['app:1'] } }))
    await expect(result).rejects.toMatchObject({
      facts: { operation: 'loadImages', reason: 'a fault that the option `faults` injects' },
    })
  })

  it('rejects "load" for several platforms with OPTION_UNSUPPORTED and the field', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const platforms = ['linux/amd64', 'linux/arm64']
    const { result } = sidecar.build(request('true', { platforms, output: { type: 'load', tags: ['app:1'] } }))
    await expect(result).rejects.toMatchObject({ code: 'OPTION_UNSUPPORTED', facts: { field: 'platforms' } })
  })

  it('rejects "load" with the missing capability on a runtime without image transfer', async () => {
    await using scope = await openWithSimulatedBuildKit({ without: [imageTransferCapability] })
    await using sidecar = await start(scope)
    const { result } = sidecar.build(request('true', { output: { type: 'load', tags: ['app:1'] } }))
    await expect(result).rejects.toThrow('output "load" needs image transfer, which runtime "memory" does not provide')
  })
})

describe('the events of a build in a sidecar', () => {
  it('begin with the builder and its version', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const events: unknown[] = []
    for await (const event of sidecar.build(request('true'))) events.push(event)
    expect(events[0]).toEqual({ type: 'builder', builder: 'sidecar', version: 'v0.32.2', reasons: [] })
  })
})

describe('a build in a sidecar', () => {
  it('runs no process in the sidecar, and no request to the runtime has a secret', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
    const execSpy = vi.spyOn(execs, 'exec')
    await sidecar.build(request('true', { secrets: { tok: 'hunter22' } })).result
    expect(execSpy.mock.calls).toEqual([])
  })

  it('rejects with the reason of an abort, and the next build succeeds', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const controller = new AbortController()
    const build = sidecar.build(request('hang'), { signal: controller.signal })
    for await (const event of build) if (event.type === 'step') controller.abort('enough')
    await expect(build.result).rejects.toBe('enough')
    expect(await sidecar.build(request('true')).result).toMatchObject({ builder: 'sidecar' })
  })

  it('rejects with CONNECTION_LOST when the connection ends, and the next build opens another one', async () => {
    await using scope = await openWithSimulatedBuildKit({
      buildkit: { daemon: { faults: [{ at: 'step', kind: 'cut' }] } },
    })
    await using sidecar = await start(scope)
    await expect(sidecar.build(request('true')).result).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    const copy = { context: { files: { Dockerfile: 'FROM scratch\nCOPY . /\n' } } }
    expect(await sidecar.build(request('true', copy)).result).toMatchObject({ builder: 'sidecar' })
  })

  it('rejects with NOT_RUNNING when its sidecar is disposed', async () => {
    await using scope = await openWithSimulatedBuildKit()
    const sidecar = await start(scope)
    const build = sidecar.build(request('hang'))
    for await (const _ of build) void sidecar[Symbol.asyncDispose]()
    await expect(build.result).rejects.toMatchObject({ code: 'NOT_RUNNING' })
    await expect(sidecar.build(request('true')).result).rejects.toMatchObject({ code: 'NOT_RUNNING' })
  })

  it('succeeds when every exec is slow', async () => {
    const faults = [{ operation: 'exec', times: execsOfStart + 2, delayMs: 10 }] as const
    await using scope = await openWithSimulatedBuildKit({ faults })
    await using sidecar = await start(scope)
    expect(await sidecar.build(request('true')).result).toMatchObject({ builder: 'sidecar' })
  })
})
