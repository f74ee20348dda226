import { createRuntimeHost, findCapability, networkManagerCapability, sidecarManagerCapability } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { expect, it } from 'vitest'
import { ServiceFeature } from './fixtures/service-feature.js'
import { describeWithEngine } from './support/test-engine.js'

describeWithEngine('the managers of the Docker runtime', ({ socketPath, image }) => {
  const createHost = () =>
    createRuntimeHost({ plugins: [dockerPlugin({ endpoint: `unix://${socketPath}` })], env: process.env })

  it('has a NetworkManager and a SidecarManager', async () => {
    await using host = createHost()
    const scope = await host.open()
    expect(findCapability(scope, networkManagerCapability)).toBeDefined()
    expect(findCapability(scope, sidecarManagerCapability)).toBeDefined()
  })

  it('removes the network and rejects with the first error when the sidecar does not start', async () => {
    await using host = createHost()
    const scope = await host.open()
    const networks = findCapability(scope, networkManagerCapability)
    const name = `capstan-managers-${process.pid}`
    const starting = scope.resolve(ServiceFeature).start(name, { name, image, command: ['no-such-command'] })
    await expect(starting).rejects.toMatchObject({ code: 'COMMAND_NOT_STARTED', undoFailures: [] })
    const [remaining, containers] = await Promise.all([networks?.listNetworks(), scope.runtime.listContainers()])
    expect(remaining?.filter((network) => network.name === name)).toEqual([])
    expect(containers.filter((container) => container.name === name)).toEqual([])
  })

  it('runs a sidecar on a separate network', async () => {
    await using host = createHost()
    const scope = await host.open()
    const name = `capstan-managers-run-${process.pid}`
    const feature = scope.resolve(ServiceFeature)
    expect(feature.support()).toMatchObject({ supported: true, missingOptional: [] })
    const { networkId, containerId } = await feature.start(name, { name, image, command: ['sleep', '60'], init: true })
    try {
      const inspection = await findCapability(scope, sidecarManagerCapability)?.inspectContainer(containerId)
      expect(inspection?.state.running).toBe(true)
      expect(inspection?.networks.map((network) => network.networkId)).toEqual([networkId])
    } finally {
      await scope.runtime.removeContainer(containerId)
      await findCapability(scope, networkManagerCapability)?.removeNetwork(networkId)
    }
  })
})
