import { describe, expect, it } from 'vitest'
import { BuildKitFeature, type BuildProgressEvent } from '../../src/index.js'
import { openWithSimulatedBuildKit } from '../support/simulated-buildkit.js'

const dockerfileText = 'FROM scratch\nCOPY a /\n'

describe('findHistory', () => {
  it('finds the history of the running sidecar, and releases its lease', async () => {
    await using scope = await openWithSimulatedBuildKit()
    const feature = scope.resolve(BuildKitFeature)
    const options = { graceMs: 1 }
    const sidecar = await feature.start(options)
    const build = sidecar.build({ context: { files: { a: 'x' } }, dockerfileText, output: { type: 'cache-only' } })
    const { ref = '' } = await build.result
    const history = await feature.findHistory(options)
    expect(await history?.builds()).toMatchObject([{ ref, state: 'completed' }])
    const events: BuildProgressEvent[] = []
    for await (const event of history?.buildEvents(ref) ?? []) events.push(event)
    expect(events).toContainEqual(expect.objectContaining({ type: 'step', name: expect.stringContaining('COPY a /') }))
    await history?.removeBuild(ref)
    expect(await history?.builds()).toEqual([])
    await history?.[Symbol.asyncDispose]()
    expect(await scope.runtime.containerState(sidecar.containerId)).toBe('running')
    await sidecar[Symbol.asyncDispose]()
  })

  it('resolves with undefined when no sidecar runs', async () => {
    await using scope = await openWithSimulatedBuildKit()
    expect(await scope.resolve(BuildKitFeature).findHistory()).toBeUndefined()
  })
})
