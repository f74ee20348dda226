import { describe, expect, it } from 'vitest'
import {
  findCapability,
  networkManagerCapability,
  requireCapabilities,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '../../src/index.js'
import { createScopeContainer } from '../../src/injection/di.js'
import { provide, type RegistrationScope, runtimeReportCapability } from '../../src/plugin.js'
import { FakeNetworkManager } from '../fakes/fake-runtime.js'

function createScope(): RegistrationScope {
  const container = createScopeContainer()
  return { runtimeName: 'fake', container, ownerLabels: {}, env: {}, warn: () => undefined }
}

describe('findCapability', () => {
  it('returns the implementation that was provided in the scope', () => {
    const scope = createScope()
    const networks = new FakeNetworkManager()
    provide(scope, networkManagerCapability, networks)
    expect(findCapability(scope, networkManagerCapability)).toBe(networks)
  })

  it('returns undefined for a capability that was not provided', () => {
    expect(findCapability(createScope(), networkManagerCapability)).toBeUndefined()
  })

  it('does not find implementations of another scope', () => {
    provide(createScope(), networkManagerCapability, new FakeNetworkManager())
    expect(findCapability(createScope(), networkManagerCapability)).toBeUndefined()
  })
})

describe('provide', () => {
  it('throws CAPABILITY_DUPLICATE with the package for a second implementation', () => {
    const scope = { ...createScope(), packageName: 'their-runtime', packageVersion: '2.0.0' }
    provide(scope, networkManagerCapability, new FakeNetworkManager())
    expect(() => provide(scope, networkManagerCapability, new FakeNetworkManager())).toThrow(
      expect.objectContaining({
        code: 'CAPABILITY_DUPLICATE',
        facts: {
          capability: 'network-manager',
          runtime: 'fake',
          packageName: 'their-runtime',
          packageVersion: '2.0.0',
        },
      }),
    )
  })

  it('throws PLUGIN_INVALID for undefined', () => {
    const missing: { networks?: FakeNetworkManager } = {}
    expect(() => provide(createScope(), networkManagerCapability, missing.networks as FakeNetworkManager)).toThrow(
      expect.objectContaining({ code: 'PLUGIN_INVALID' }),
    )
  })
})

describe('requireCapabilities', () => {
  it('returns all managers by the requested names', () => {
    const scope = createScope()
    const networks = new FakeNetworkManager()
    provide(scope, networkManagerCapability, networks)
    expect(requireCapabilities(scope, { networks: networkManagerCapability })).toEqual({ networks })
  })

  it('throws with all missing capabilities and their reasons from the report', () => {
    const scope = createScope()
    scope.container.register(runtimeReportCapability.token, {
      useValue: {
        runtime: 'fake',
        available: true,
        absent: [{ id: 'network-manager', title: 'networks', reason: 'no kernel support', remedy: 'upgrade' }],
      },
    })
    provide(scope, volumeManagerCapability, { createVolume: noop, removeVolume: noop, listVolumes: async () => [] })
    expect(() =>
      requireCapabilities(scope, {
        volumes: volumeManagerCapability,
        networks: networkManagerCapability,
        sidecars: sidecarManagerCapability,
      }),
    ).toThrow(
      expect.objectContaining({
        code: 'CAPABILITY_MISSING',
        message: 'the application needs networks and sidecars, which runtime "fake" does not provide',
        facts: expect.objectContaining({
          missing: [
            { id: 'network-manager', title: 'networks', reason: 'no kernel support', remedy: 'upgrade' },
            expect.objectContaining({ id: 'sidecar-manager', title: 'sidecars' }),
          ],
        }),
      }),
    )
  })
})

async function noop(): Promise<never> {
  throw new Error('not called')
}
