import { createRuntimeHost, findCapability, networkManagerCapability, sidecarManagerCapability } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, it } from 'vitest'
import { ServiceFeature } from './fixtures/service-feature.js'

const openWithout = async (...without: Parameters<typeof memoryPlugin>[0][]) => {
  const host = createRuntimeHost({ plugins: [memoryPlugin(...without)], env: {} })
  return host.open({ runtime: 'memory' })
}

describe('a runtime without networks and sidecars', () => {
  const without = { without: [networkManagerCapability, sidecarManagerCapability] }

  it('has undefined managers instead of stubs', async () => {
    await using scope = await openWithout(without)
    expect(findCapability(scope, networkManagerCapability)).toBeUndefined()
    expect(findCapability(scope, sidecarManagerCapability)).toBeUndefined()
  })

  it('rejects a feature before any side effect with an error that names each missing capability', async () => {
    await using scope = await openWithout(without)
    const feature = scope.resolve(ServiceFeature)
    expect(feature.support()).toMatchObject({
      supported: false,
      missing: [{ title: 'networks' }, { title: 'sidecars' }],
    })
    await expect(feature.start('n', { name: 's', image: 'busybox' })).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      message: 'the service needs networks and sidecars, which runtime "memory" does not provide',
    })
    expect(await scope.runtime.listContainers()).toEqual([])
  })

  it('reports only sidecars as missing when it has networks', async () => {
    await using scope = await openWithout({ without: [sidecarManagerCapability] })
    expect(scope.resolve(ServiceFeature).support()).toMatchObject({ missing: [{ title: 'sidecars' }] })
  })
})
