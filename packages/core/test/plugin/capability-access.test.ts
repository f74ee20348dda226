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
  it('gives what was provided in this scope', () => {
    const scope = createScope()
    const networks = new FakeNetworkManager()
    provide(scope, networkManagerCapability, networks)
    expect(findCapability(scope, networkManagerCapability)).toBe(networks)
  })

  it('gives undefined, not a stub, for what was not', () => {
    expect(findCapability(createScope(), networkManagerCapability)).toBeUndefined()
  })

  it('shows nothing of one scope in another', () => {
    provide(createScope(), networkManagerCapability, new FakeNetworkManager())
    expect(findCapability(createScope(), networkManagerCapability)).toBeUndefined()
  })
})

describe('provide', () => {
  it('refuses a second implementation with the names of the package', () => {
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

  it('refuses undefined, which plain JavaScript may pass', () => {
    const missing: { networks?: FakeNetworkManager } = {}
    expect(() => provide(createScope(), networkManagerCapability, missing.networks as FakeNetworkManager)).toThrow(
      expect.objectContaining({ code: 'PLUGIN_INVALID' }),
    )
  })
})

describe('requireCapabilities', () => {
  it('gives all of them by the names of the request', () => {
    const scope = createScope()
    const networks = new FakeNetworkManager()
    provide(scope, networkManagerCapability, networks)
    expect(requireCapabilities(scope, { networks: networkManagerCapability })).toEqual({ networks })
  })

  it('names every missing one at once, with the reason that the report gives', () => {
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
