import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createRuntimeHost,
  type FeatureNeeds,
  type FeatureSupport,
  HostError,
  inject,
  injectable,
  isHostError,
  type NetworkManager,
  networkManagerCapability,
  type RuntimeReport,
  runtimeCapability,
  runtimeReportCapability,
  sidecarManagerCapability,
  toFeatureSupport,
} from '../../src/index.js'
import { fakePlugin } from '../fakes/fake-plugin.js'
import { FakeNetworkManager, FakeRuntime } from '../fakes/fake-runtime.js'

@injectable()
class TunnelFeature {
  static readonly needs: FeatureNeeds = {
    required: [networkManagerCapability, sidecarManagerCapability],
    optional: [],
  }
  readonly networks: NetworkManager | undefined
  readonly #report: RuntimeReport

  constructor(
    @inject(networkManagerCapability.token, { isOptional: true }) networks: NetworkManager | undefined,
    @inject(runtimeReportCapability.token) report: RuntimeReport,
  ) {
    this.networks = networks
    this.#report = report
  }

  support(): FeatureSupport {
    return toFeatureSupport('Tunnel', TunnelFeature.needs, this.#report)
  }
}

describe('resolve', () => {
  it('injects the managers of this scope, and undefined for what it lacks', async () => {
    const networks = new FakeNetworkManager()
    const host = createRuntimeHost({ plugins: [fakePlugin({ networks }), fakePlugin({ name: 'plain' })], env: {} })
    const networked = (await host.open({ runtime: 'fake' })).resolve(TunnelFeature)
    const plain = (await host.open({ runtime: 'plain' })).resolve(TunnelFeature)
    expect(networked.networks).toBe(networks)
    expect(plain.networks).toBeUndefined()
  })

  it('lets a feature tell all that is missing, from the report of its scope (X10)', async () => {
    const absent = [{ id: 'sidecar-manager', title: 'sidecars', reason: 'one process each', remedy: 'use another' }]
    const host = createRuntimeHost({ plugins: [fakePlugin({ absent })], env: {} })
    const scope = await host.open()
    expect(scope.resolve(TunnelFeature).support()).toEqual({
      supported: false,
      feature: 'Tunnel',
      runtime: 'fake',
      missing: [
        {
          id: 'network-manager',
          title: 'networks',
          reason: 'the runtime plugin does not provide it',
          remedy: undefined,
        },
        { ...absent[0] },
      ],
    })
  })

  it('names a class that is not marked as a feature', async () => {
    class Unmarked {
      readonly networks: NetworkManager
      constructor(networks: NetworkManager) {
        this.networks = networks
      }
    }
    const scope = await createRuntimeHost({ plugins: [fakePlugin()], env: {} }).open()
    expect(() => scope.resolve(Unmarked)).toThrow(
      expect.objectContaining({ code: 'OPERATION_FAILED', message: expect.stringContaining('injectable()') }),
    )
  })
})

it('a class that inherits a mark is not constructed without its managers', async () => {
  class Extended extends TunnelFeature {}
  const networks = new FakeNetworkManager()
  const scope = await createRuntimeHost({ plugins: [fakePlugin({ networks })], env: {} }).open()
  expect(() => scope.resolve(Extended)).toThrow(/Extended failed: its class is not marked with injectable\(\)/)
})

describe('a second copy of core in the tree (X7)', () => {
  let folder: string
  let copy: typeof import('../../src/index.js')

  beforeAll(async () => {
    const packageFolder = fileURLToPath(new URL('../..', import.meta.url))
    // Inside of this package, so that the copy finds its dependencies.
    folder = await mkdtemp(join(packageFolder, 'dist-copy-'))
    await cp(join(packageFolder, 'src'), join(folder, 'src'), { recursive: true })
    await writeFile(join(folder, 'package.json'), '{ "name": "@capstan/core", "version": "9.9.9", "type": "module" }')
    copy = await import(pathToFileURL(join(folder, 'src/index.ts')).href)
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('has the same tokens, and its errors are known for what they are', () => {
    expect(copy.networkManagerCapability.token).toBe(networkManagerCapability.token)
    const error = copy.createHostError('IMAGE_NOT_FOUND', { image: 'x' })
    expect(isHostError(error, 'IMAGE_NOT_FOUND')).toBe(true)
    expect(error).not.toBeInstanceOf(HostError)
  })

  it('makes a plugin that works in this host', async () => {
    const foreign = fakePlugin({
      provides: [runtimeCapability, networkManagerCapability],
      register: (scope) => {
        copy.provide(scope, copy.runtimeCapability, new FakeRuntime())
        copy.provide(scope, copy.networkManagerCapability, new FakeNetworkManager())
      },
    })
    const host = createRuntimeHost({ plugins: [foreign], env: {} })
    await expect(host.open({ requires: [copy.networkManagerCapability] })).resolves.toMatchObject({
      runtimeName: 'fake',
    })
  })

  it('cannot have its feature classes resolved here: the sentence names both copies', async () => {
    class ForeignFeature {}
    copy.injectable()(ForeignFeature)
    const scope = await createRuntimeHost({ plugins: [fakePlugin()], env: {} }).open()
    expect(() => scope.resolve(ForeignFeature)).toThrow(/9\.9\.9 in .*dist-copy-.*, the host with @capstan\/core 0\./)
  })
})
