import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createRuntimeHost,
  defineNeeds,
  type FeatureSupport,
  HostError,
  isHostError,
  type NetworkManager,
  networkManagerCapability,
  runtimeCapability,
  sidecarManagerCapability,
  toFeatureSupport,
  volumeManagerCapability,
} from '../../src/index.js'
import { type InjectedManagers, injectable } from '../../src/plugin.js'
import { fakePlugin } from '../fakes/fake-plugin.js'
import { FakeNetworkManager, FakeRuntime } from '../fakes/fake-runtime.js'

const tunnelNeeds = defineNeeds({
  required: { networks: networkManagerCapability, sidecars: sidecarManagerCapability },
  optional: { volumes: volumeManagerCapability },
})

@injectable(tunnelNeeds)
class TunnelFeature {
  static readonly needs = tunnelNeeds
  readonly managers: InjectedManagers<typeof tunnelNeeds>

  constructor(managers: InjectedManagers<typeof tunnelNeeds>) {
    this.managers = managers
  }

  support(): FeatureSupport {
    return toFeatureSupport('Tunnel', tunnelNeeds, this.managers.report)
  }
}

describe('resolve', () => {
  it('injects the managers of the scope, and undefined for missing ones', async () => {
    const networks = new FakeNetworkManager()
    const host = createRuntimeHost({ plugins: [fakePlugin({ networks }), fakePlugin({ name: 'plain' })], env: {} })
    const networked = (await host.open({ runtime: 'fake' })).resolve(TunnelFeature)
    const plain = (await host.open({ runtime: 'plain' })).resolve(TunnelFeature)
    expect(networked.managers.networks).toBe(networks)
    expect(plain.managers.networks).toBeUndefined()
  })

  it('injects every need by its name, with the runtime, the report and the environment of the scope', async () => {
    const networks = new FakeNetworkManager()
    const env = { HOME: '/home/user' }
    const scope = await createRuntimeHost({ plugins: [fakePlugin({ networks })], env }).open()
    const { runtime, report } = scope
    const managers = { runtime, report, env, networks, sidecars: undefined, volumes: undefined }
    expect(scope.resolve(TunnelFeature).managers).toEqual(managers)
  })

  it('injects the same when the container of the scope resolves the feature', async () => {
    const networks = new FakeNetworkManager()
    const scope = await createRuntimeHost({ plugins: [fakePlugin({ networks })], env: {} }).open()
    expect(scope.container.resolve(TunnelFeature).managers).toEqual(scope.resolve(TunnelFeature).managers)
  })

  it('injects what a child of the container registers in place of a manager', async () => {
    const scope = await createRuntimeHost({ plugins: [fakePlugin()], env: {} }).open()
    const networks = new FakeNetworkManager()
    const child = scope.container.createChildContainer()
    child.register(networkManagerCapability.token, { useValue: networks })
    expect(child.resolve(TunnelFeature).managers.networks).toBe(networks)
  })

  it('injects the report, from which a feature determines all missing capabilities', async () => {
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

  it('rejects a class that is not marked as a feature', async () => {
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

it('reports the error of a constructor without parameters, also when the class is not marked', async () => {
  class Failing {
    constructor() {
      throw new Error('no license')
    }
  }
  const scope = await createRuntimeHost({ plugins: [fakePlugin()], env: {} }).open()
  expect(() => scope.resolve(Failing)).toThrow(/Failing failed: no license$/)
})

it('rejects a class that inherits its mark instead of constructing it without managers', async () => {
  class Extended extends TunnelFeature {}
  const networks = new FakeNetworkManager()
  const scope = await createRuntimeHost({ plugins: [fakePlugin({ networks })], env: {} }).open()
  expect(() => scope.resolve(Extended)).toThrow(/Extended failed: its class is not marked with injectable\(\)/)
})

describe('a second copy of core in the tree', () => {
  let folder: string
  let copy: typeof import('../../src/index.js') & typeof import('../../src/plugin.js')

  beforeAll(async () => {
    const packageFolder = fileURLToPath(new URL('../..', import.meta.url))
    // Inside of this package, so that the copy finds its dependencies.
    folder = await mkdtemp(join(packageFolder, 'dist-copy-'))
    await cp(join(packageFolder, 'src'), join(folder, 'src'), { recursive: true })
    await writeFile(join(folder, 'package.json'), '{ "name": "@capstan/core", "version": "9.9.9", "type": "module" }')
    const load = (file: string) => import(pathToFileURL(join(folder, 'src', file)).href)
    copy = { ...(await load('index.ts')), ...(await load('plugin.ts')) }
    // Transforms all files of the copy.
  }, 120_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('has the same tokens, and isHostError recognizes its errors', () => {
    expect(copy.networkManagerCapability.token).toBe(networkManagerCapability.token)
    const error = copy.createHostError('IMAGE_NOT_FOUND', { image: 'x' })
    expect(isHostError(error, 'IMAGE_NOT_FOUND')).toBe(true)
    expect(error).not.toBeInstanceOf(HostError)
  })

  it('creates a plugin that works in this host', async () => {
    const foreign = fakePlugin({
      provides: [runtimeCapability, networkManagerCapability],
      register: (scope) => {
        scope.provide(copy.runtimeCapability, new FakeRuntime())
        scope.provide(copy.networkManagerCapability, new FakeNetworkManager())
      },
    })
    const host = createRuntimeHost({ plugins: [foreign], env: {} })
    await expect(host.open({ requires: [copy.networkManagerCapability] })).resolves.toMatchObject({
      runtimeName: 'fake',
    })
  })

  it('has feature classes that this host rejects with the location of both copies', async () => {
    class ForeignFeature extends TunnelFeature {}
    copy.injectable(tunnelNeeds)(ForeignFeature)
    const scope = await createRuntimeHost({ plugins: [fakePlugin()], env: {} }).open()
    expect(() => scope.resolve(ForeignFeature)).toThrow(
      /9\.9\.9 in .*dist-copy-.*, but the host is of @capstan\/core 0\./,
    )
  })
})
