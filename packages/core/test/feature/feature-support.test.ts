import { describe, expect, it } from 'vitest'
import {
  createRuntimeHost,
  defineNeeds,
  imageBuilderCapability,
  networkManagerCapability,
  runtimeCapability,
  sidecarManagerCapability,
  toFeatureSupport,
  volumeManagerCapability,
} from '../../src/index.js'
import { requireManagers } from '../../src/plugin.js'
import { deadAttempt, fakePlugin, toUnavailable } from '../fakes/fake-plugin.js'
import { FakeNetworkManager, FakeRuntime } from '../fakes/fake-runtime.js'

const needs = defineNeeds({
  required: { runtime: runtimeCapability, networks: networkManagerCapability },
  optional: { volumes: volumeManagerCapability },
})

async function reportOf(options: Parameters<typeof fakePlugin>[0]) {
  const [report] = await createRuntimeHost({ plugins: [fakePlugin(options)], env: {} }).discover()
  if (report === undefined) throw new Error('no report of one plugin')
  return report
}

describe('toFeatureSupport', () => {
  it('lists missing optional capabilities with reasons when the feature is supported', async () => {
    const absent = [{ id: 'volume-manager', title: 'volumes', reason: 'read-only disk', remedy: 'make room' }]
    const report = await reportOf({ networks: new FakeNetworkManager(), absent })
    expect(toFeatureSupport('Tunnel', needs, report)).toEqual({
      supported: true,
      feature: 'Tunnel',
      runtime: 'fake',
      missingOptional: absent,
    })
  })

  it('lists all missing required capabilities when the feature is not supported', async () => {
    const required = { ...needs.required, sidecars: sidecarManagerCapability }
    const support = toFeatureSupport('Tunnel', { ...needs, required }, await reportOf({}))
    expect(support).toMatchObject({
      supported: false,
      missing: [{ id: 'network-manager' }, { id: 'sidecar-manager' }],
    })
  })

  it('has the remedy of the last attempt when the runtime is not available', async () => {
    const report = await reportOf({ probe: async () => toUnavailable(false) })
    const reason = 'runtime "fake" is not available'
    expect(toFeatureSupport('Tunnel', needs, report)).toMatchObject({
      supported: false,
      missing: [
        { id: 'runtime', reason, remedy: deadAttempt.remedy },
        { id: 'network-manager', reason, remedy: deadAttempt.remedy },
      ],
    })
  })

  it('accepts a report that was serialized as JSON', async () => {
    const report = await reportOf({ networks: new FakeNetworkManager() })
    const sent: typeof report = JSON.parse(JSON.stringify(report))
    expect(sent).toEqual(report)
    expect(toFeatureSupport('Tunnel', needs, sent)).toEqual(toFeatureSupport('Tunnel', needs, report))
  })
})

describe('requireManagers', () => {
  it('returns the injected managers when all required ones are present', async () => {
    const networks = new FakeNetworkManager()
    const report = await reportOf({ networks })
    const injected = { report, runtime: new FakeRuntime(), networks, volumes: undefined }
    expect(requireManagers('Tunnel', needs, injected)).toBe(injected)
  })

  it('throws CAPABILITY_MISSING with the feature and all missing capabilities and reasons', async () => {
    const absent = [{ id: 'network-manager', title: 'networks', reason: 'no kernel support', remedy: 'upgrade' }]
    const report = await reportOf({ absent })
    const required = { ...needs.required, sidecars: sidecarManagerCapability }
    const injected = { report, runtime: new FakeRuntime(), networks: undefined, sidecars: undefined }
    const reason = 'the runtime plugin does not provide it'
    expect(() => requireManagers('Tunnel', { required }, injected)).toThrow(
      expect.objectContaining({
        code: 'CAPABILITY_MISSING',
        message: 'Tunnel needs networks and sidecars, which runtime "fake" does not provide',
        facts: {
          feature: 'Tunnel',
          runtime: 'fake',
          missing: [...absent, { id: 'sidecar-manager', title: 'sidecars', reason, remedy: undefined }],
          reports: [report],
        },
      }),
    )
  })

  it('keeps the cause that is given', async () => {
    const injected = { report: await reportOf({}), builder: undefined }
    const cause = new Error('no sidecar')
    const { required } = defineNeeds({ required: { builder: imageBuilderCapability } })
    expect(() => requireManagers('Tunnel', { required }, injected, { cause })).toThrow(
      expect.objectContaining({ cause }),
    )
  })
})
