import { describe, expect, it, onTestFinished } from 'vitest'
import { BuildKitFeature, type BuildKitOptions } from '../../src/index.js'
import { listLeftovers } from '../support/list-leftovers.js'
import { openWithSimulatedBuildKit } from '../support/simulated-buildkit.js'

const options: BuildKitOptions = { graceMs: 1 }

/** Opens a memory runtime whose daemon neither answers nor ends while `isUnresponsive` is set. */
async function openFreezable() {
  const daemon = { isUnresponsive: false }
  onTestFinished(() => {
    daemon.isUnresponsive = false
  })
  const scope = await openWithSimulatedBuildKit({ buildkit: { isUnresponsive: () => daemon.isUnresponsive } })
  onTestFinished(() => scope[Symbol.asyncDispose]())
  return { daemon, scope, feature: scope.resolve(BuildKitFeature) }
}

describe('a daemon that does not answer', () => {
  it('is stopped by stop() although its sidecar is pinned', async () => {
    const { daemon, scope, feature } = await openFreezable()
    const sidecar = await feature.start(options)
    await sidecar.pin()
    await sidecar[Symbol.asyncDispose]()
    daemon.isUnresponsive = true
    expect(await feature.stop(options)).toBe('stopped')
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('is stopped when its last lease is released', async () => {
    const { daemon, scope, feature } = await openFreezable()
    const sidecar = await feature.start(options)
    daemon.isUnresponsive = true
    await sidecar[Symbol.asyncDispose]()
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('is stopped when the sidecar is disposed while a call is pending', async () => {
    const { daemon, scope, feature } = await openFreezable()
    const sidecar = await feature.start(options)
    daemon.isUnresponsive = true
    const pending = sidecar.workers().catch((error: unknown) => error)
    await sidecar[Symbol.asyncDispose]()
    expect(await pending).toBeDefined()
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('is not stopped while there are other leases', async () => {
    const { daemon, feature } = await openFreezable()
    await using sidecar = await feature.start(options)
    daemon.isUnresponsive = true
    expect(await feature.stop(options)).toBe('in-use')
    daemon.isUnresponsive = false
    expect(await sidecar.workers()).toHaveLength(1)
  })
})

describe('stop', () => {
  it('resolves with absent when no sidecar runs, and for another configuration', async () => {
    const { scope, feature } = await openFreezable()
    expect(await feature.stop(options)).toBe('absent')
    await using _ = await feature.start(options)
    expect(await feature.stop({ ...options, memoryBytes: 2 ** 30 })).toBe('absent')
    expect(await listLeftovers(scope)).not.toEqual([])
  })

  it('undoes pin, so that the sidecar ends after its last lease', async () => {
    const { scope, feature } = await openFreezable()
    const sidecar = await feature.start(options)
    await sidecar.pin()
    expect(await feature.stop(options)).toBe('in-use')
    await sidecar[Symbol.asyncDispose]()
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('removes the resources of a sidecar that has ended', async () => {
    const { scope, feature } = await openFreezable()
    const sidecar = await feature.start(options)
    await sidecar.pin()
    await sidecar[Symbol.asyncDispose]()
    await scope.runtime.stopContainer(sidecar.containerId)
    expect(await feature.stop(options)).toBe('absent')
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('rejects with the reason when it is aborted', async () => {
    const { feature } = await openFreezable()
    const signal = AbortSignal.abort('enough')
    await expect(feature.stop({ ...options, signal })).rejects.toBe('enough')
  })
})
