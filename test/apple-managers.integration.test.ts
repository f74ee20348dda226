import { createRuntimeHost, findCapability, networkManagerCapability, sidecarManagerCapability } from '@capstan/core'
import { BuildKitFeature } from '@capstan/feature-buildkit'
import { expect, it, onTestFinished } from 'vitest'
import { describeWithSimulator } from '../packages/runtime-apple/test/simulator/describe-with-simulator.js'
import { openApple, simulatedPlugin } from '../packages/runtime-apple/test/simulator/open-apple.js'
import { useSimulator } from '../packages/runtime-apple/test/simulator/use-simulator.js'
import { readColumn, toColumn } from './docs/capability-matrix.js'
import { addFakeBuildKitImage } from './support/add-fake-buildkit-image.js'

describeWithSimulator('the Apple runtime without networks', () => {
  it('registers no NetworkManager and no SidecarManager', async () => {
    await using apple = await openApple(await useSimulator())
    expect(findCapability(apple.scope, networkManagerCapability)).toBeUndefined()
    expect(findCapability(apple.scope, sidecarManagerCapability)).toBeUndefined()
  })

  it('rejects BuildKit with the missing capabilities and without a call of the command after the probe', async () => {
    const simulator = await useSimulator()
    await using apple = await openApple(simulator)
    const callsBefore = simulator.calls().length
    const feature = apple.scope.resolve(BuildKitFeature)
    expect(feature.support()).toMatchObject({
      supported: false,
      missing: [
        { title: 'networks', remedy: expect.stringContaining("networks: 'if-available'") },
        { title: 'sidecars', remedy: expect.stringContaining("networks: 'if-available'") },
      ],
    })
    await expect(feature.start()).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      message: 'BuildKit needs networks and sidecars, which runtime "apple" does not provide',
    })
    expect(simulator.calls()).toHaveLength(callsBefore)
  })

  it('has the capabilities that docs/capabilities.md lists', async () => {
    await using host = createRuntimeHost({ plugins: [simulatedPlugin(await useSimulator())], env: {} })
    const [report] = await host.discover()
    expect(report && toColumn(report)).toEqual(readColumn('apple'))
  })
})

describeWithSimulator('BuildKit on Apple with networks, with a fake BuildKit', () => {
  it('is supported, starts, answers, and removes its containers and networks', async () => {
    const simulator = await useSimulator()
    const image = await addFakeBuildKitImage(simulator)
    await using apple = await openApple(simulator, { networks: 'if-available' })
    const { scope } = apple
    const feature = scope.resolve(BuildKitFeature)
    expect(feature.support()).toMatchObject({ supported: true })
    const sidecar = await feature.start({ image, readyTimeoutMs: 30_000 })
    onTestFinished(() => sidecar[Symbol.asyncDispose]())
    expect(await sidecar.workers()).toMatchObject([{ platforms: expect.arrayContaining(['linux/amd64']) }])
    await sidecar[Symbol.asyncDispose]()
    expect(await scope.runtime.listContainers()).toEqual([])
    const networks = await findCapability(scope, networkManagerCapability)?.listNetworks()
    expect(networks?.map(({ name }) => name)).toEqual(['default'])
  })
})

describeWithSimulator('a BuildKit on Apple after a restart of the service', () => {
  it('is started again by the next user, and removed after it', async () => {
    const simulator = await useSimulator()
    const options = { image: await addFakeBuildKitImage(simulator), readyTimeoutMs: 30_000, graceMs: 100 }
    {
      await using before = await openApple(simulator, { networks: 'if-available' })
      await using sidecar = await before.scope.resolve(BuildKitFeature).start(options)
      await sidecar.pin()
    }
    await using apple = await openApple(simulator, { networks: 'if-available' })
    const { runtime } = apple.scope
    for (const { id } of await runtime.listContainers()) await runtime.stopContainer(id)
    await simulator.control({ restart: true })
    expect(await runtime.listContainers()).toMatchObject([{ state: 'unknown' }])
    const sidecar = await apple.scope.resolve(BuildKitFeature).start(options)
    expect(await sidecar.workers()).toHaveLength(1)
    await sidecar[Symbol.asyncDispose]()
    expect(await runtime.listContainers()).toEqual([])
  })
})

describeWithSimulator('a BuildKit on Apple that another host is starting', () => {
  it('is awaited, and not started a second time', async () => {
    const simulator = await useSimulator()
    const options = { image: await addFakeBuildKitImage(simulator), readyTimeoutMs: 30_000, graceMs: 100 }
    await using creator = await openApple(simulator, { networks: 'if-available' })
    await using other = await openApple(simulator, { networks: 'if-available' })
    await simulator.control({ faults: [{ on: 'start', kind: 'slow', ms: 1000, times: 1 }] })
    const creating = creator.scope.resolve(BuildKitFeature).start(options)
    await expect.poll(() => simulator.calls().some(({ argv }) => argv[0] === 'start')).toBe(true)
    const found = await other.scope.resolve(BuildKitFeature).start(options)
    const created = await creating
    expect(found.containerId).toBe(created.containerId)
    expect(simulator.calls().filter(({ argv }) => argv[0] === 'start')).toHaveLength(1)
    for (const sidecar of [created, found]) await sidecar[Symbol.asyncDispose]()
  })
})

describeWithSimulator('a BuildKit on Apple that two hosts share', () => {
  it('is removed within 8 seconds after its last user, which did not create it', async () => {
    const simulator = await useSimulator()
    const image = await addFakeBuildKitImage(simulator)
    await using creator = await openApple(simulator, { networks: 'if-available' })
    await using other = await openApple(simulator, { networks: 'if-available' })
    const options = { image, readyTimeoutMs: 30_000, graceMs: 100 }
    const created = await creator.scope.resolve(BuildKitFeature).start(options)
    const found = await other.scope.resolve(BuildKitFeature).start(options)
    expect(found.containerId).toBe(created.containerId)
    await created[Symbol.asyncDispose]()
    expect(await other.scope.runtime.containerState(found.containerId)).toBe('running')
    const startedAt = Date.now()
    await found[Symbol.asyncDispose]()
    expect(Date.now() - startedAt).toBeLessThan(8000)
    expect(await other.scope.runtime.listContainers()).toEqual([])
  })
})
