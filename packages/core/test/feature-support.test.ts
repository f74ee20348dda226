import { describe, expect, it } from 'vitest'
import {
  createRuntimeHost,
  type FeatureNeeds,
  networkManagerCapability,
  runtimeCapability,
  sidecarManagerCapability,
  toFeatureSupport,
  volumeManagerCapability,
} from '../src/index.js'
import { deadAttempt, fakePlugin, toUnavailable } from './fakes/fake-plugin.js'
import { FakeNetworkManager } from './fakes/fake-runtime.js'

const needs: FeatureNeeds = {
  required: [runtimeCapability, networkManagerCapability],
  optional: [volumeManagerCapability],
}

async function reportOf(options: Parameters<typeof fakePlugin>[0]) {
  const [report] = await createRuntimeHost({ plugins: [fakePlugin(options)], env: {} }).discover()
  if (report === undefined) throw new Error('no report of one plugin')
  return report
}

describe('toFeatureSupport', () => {
  it('lists what is optional and lacking, with its reason, where the feature runs', async () => {
    const absent = [{ id: 'volume-manager', title: 'volumes', reason: 'read-only disk', remedy: 'make room' }]
    const report = await reportOf({ networks: new FakeNetworkManager(), absent })
    expect(toFeatureSupport('Tunnel', needs, report)).toEqual({
      supported: true,
      feature: 'Tunnel',
      runtime: 'fake',
      lacks: absent,
    })
  })

  it('lists all that is required and missing, and nothing that is optional, where it does not (X10)', async () => {
    const required = [...needs.required, sidecarManagerCapability]
    const support = toFeatureSupport('Tunnel', { ...needs, required }, await reportOf({}))
    expect(support).toMatchObject({
      supported: false,
      missing: [{ id: 'network-manager' }, { id: 'sidecar-manager' }],
    })
  })

  it('gives the remedy of the last attempt where there is no runtime', async () => {
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

  it('asks a report alone, which is plain data', async () => {
    const report = await reportOf({ networks: new FakeNetworkManager() })
    const sent: typeof report = JSON.parse(JSON.stringify(report))
    expect(sent).toEqual(report)
    expect(toFeatureSupport('Tunnel', needs, sent)).toEqual(toFeatureSupport('Tunnel', needs, report))
  })
})
