import { expect, it } from 'vitest'
import { BuildKitFeature } from '../../src/index.js'
import { listLeftovers } from '../support/list-leftovers.js'
import { openWithSimulatedBuildKit } from '../support/simulated-buildkit.js'

it('removes all objects after a hundred starts of ten sidecars, half of them aborted at different times', async () => {
  await using scope = await openWithSimulatedBuildKit({ buildkit: { bootMs: 10 } })
  const feature = scope.resolve(BuildKitFeature)
  const starts = Array.from({ length: 100 }, async (_, index) => {
    const controller = new AbortController()
    if (index % 2 === 1) setTimeout(() => controller.abort('enough'), (index * 7) % 60)
    try {
      const name = `buildkit-${(index * 3) % 10}`
      const sidecar = await feature.start({ name, graceMs: index % 4, signal: controller.signal })
      await sidecar[Symbol.asyncDispose]()
    } catch (error) {
      expect(error).toBe('enough')
    }
  })
  await Promise.all(starts)
  expect(await listLeftovers(scope)).toEqual([])
})
