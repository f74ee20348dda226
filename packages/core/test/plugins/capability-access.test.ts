import { describe, expect, it } from 'vitest'
import {
  findCapability,
  networkManagerCapability,
  requireCapabilities,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '../../src/index.js'
import { runtimeReportCapability } from '../../src/plugin.js'
import { createScope } from '../fakes/create-scope.js'
import { FakeNetworkManager } from '../fakes/fake-runtime.js'

describe('findCapability', () => {
  it('returns the implementation that was provided in the scope', () => {
    const networks = new FakeNetworkManager()
    const scope = createScope([networkManagerCapability, networks])
    expect(findCapability(scope, networkManagerCapability)).toBe(networks)
  })

  it('returns undefined for a capability that was not provided', () => {
    expect(findCapability(createScope(), networkManagerCapability)).toBeUndefined()
  })

  it('does not find implementations of another scope', () => {
    createScope([networkManagerCapability, new FakeNetworkManager()])
    expect(findCapability(createScope(), networkManagerCapability)).toBeUndefined()
  })
})

describe('requireCapabilities', () => {
  it('returns all managers by the requested names', () => {
    const networks = new FakeNetworkManager()
    const scope = createScope([networkManagerCapability, networks])
    expect(requireCapabilities(scope, { networks: networkManagerCapability })).toEqual({ networks })
  })

  it('throws with all missing capabilities and their reasons from the report', () => {
    const report = {
      runtime: 'fake',
      available: true,
      absent: [{ id: 'network-manager', title: 'networks', reason: 'no kernel support', remedy: 'upgrade' }],
    }
    const scope = createScope(
      [runtimeReportCapability, report],
      [volumeManagerCapability, { createVolume: noop, removeVolume: noop, listVolumes: async () => [] }],
    )
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
