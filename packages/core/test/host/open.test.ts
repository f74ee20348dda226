import { describe, expect, it } from 'vitest'
import {
  createRuntimeHost,
  defineNeeds,
  findCapability,
  type HostOptions,
  networkManagerCapability,
  type RuntimePlugin,
  runtimeCapability,
  sidecarManagerCapability,
} from '../../src/index.js'
import { deadAttempt, fakePlugin, toUnavailable } from '../fakes/fake-plugin.js'
import { FakeNetworkManager, FakeRuntime } from '../fakes/fake-runtime.js'

function createHost(plugins: readonly RuntimePlugin[], options: Omit<HostOptions, 'plugins'> = {}) {
  return createRuntimeHost({ plugins, env: {}, ...options })
}

const dead = (name: string, chosen = false) => fakePlugin({ name, probe: async () => toUnavailable(chosen) })
const networked = (name: string) => fakePlugin({ name, networks: new FakeNetworkManager() })

describe('open without a name', () => {
  it('opens the first available automatic plugin, and reports why earlier ones are not available', async () => {
    const scope = await createHost([
      dead('first'),
      fakePlugin({ name: 'second' }),
      fakePlugin({ name: 'third' }),
    ]).open()
    expect(scope.runtimeName).toBe('second')
    expect(scope.report).toMatchObject({ runtime: 'second', available: true })
    expect(scope.otherReports).toMatchObject([
      { runtime: 'first', available: false, attempts: [deadAttempt] },
      { runtime: 'third', available: true },
    ])
  })

  it('opens the first runtime that provides all required capabilities', async () => {
    const host = createHost([fakePlugin({ name: 'plain' }), networked('networked')])
    const scope = await host.open({ requires: [networkManagerCapability] })
    expect(scope.runtimeName).toBe('networked')
  })

  it('accepts required capabilities as the object that a feature declares', async () => {
    const host = createHost([fakePlugin({ name: 'plain' }), networked('docker')])
    const { required } = defineNeeds({ required: { networks: networkManagerCapability } })
    await expect(host.open({ requires: required })).resolves.toMatchObject({ runtimeName: 'docker' })
    const both = { ...required, sidecars: sidecarManagerCapability }
    await expect(host.open({ requires: both })).rejects.toMatchObject({
      facts: { missing: [{ id: 'network-manager' }, { id: 'sidecar-manager' }] },
    })
  })

  it('skips a runtime that does not support a required option', async () => {
    const unsupportedOptions = [{ field: 'logs.since', reason: 'keeps no times', remedy: undefined }] as const
    const host = createHost([fakePlugin({ name: 'timeless', unsupportedOptions }), fakePlugin({ name: 'exact' })])
    await expect(host.open({ requiredOptions: ['logs.since'] })).resolves.toMatchObject({ runtimeName: 'exact' })
  })

  it('rejects with OPTION_UNSUPPORTED when no runtime with the capabilities supports a required option', async () => {
    const unsupportedOptions = [{ field: 'logs.since', reason: 'keeps no times', remedy: undefined }] as const
    await expect(
      createHost([fakePlugin({ unsupportedOptions })]).open({ requiredOptions: ['logs.since'] }),
    ).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { runtime: 'fake', field: 'logs.since', reason: 'keeps no times' },
    })
  })

  it.each([
    ['network', 'network.host'],
    ['tty', 'tty.resize'],
  ] as const)('takes a refused %s for a refused %s', async (field, part) => {
    const unsupportedOptions = [{ field, reason: 'has none', remedy: undefined }]
    const host = createHost([fakePlugin({ name: 'without', unsupportedOptions }), fakePlugin({ name: 'with' })])
    await expect(host.open({ requiredOptions: [part] })).resolves.toMatchObject({ runtimeName: 'with' })
    await expect(
      createHost([fakePlugin({ unsupportedOptions })]).open({ requiredOptions: [part] }),
    ).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field, reason: 'has none' },
    })
  })

  it('never opens a simulation', async () => {
    const host = createHost([fakePlugin({ name: 'simulated', selection: 'named' })])
    await expect(host.open()).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
      facts: { runtime: undefined, reports: [{ runtime: 'simulated', selection: 'named' }] },
      message: expect.stringContaining("opened only by name: open({ runtime: 'simulated' })"),
    })
  })

  it('rejects with all reports when none is available', async () => {
    await expect(createHost([dead('first'), dead('second')]).open()).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
      facts: { runtime: undefined, reports: [{ runtime: 'first' }, { runtime: 'second', attempts: [deadAttempt] }] },
      message: [
        'no container runtime is available',
        '  first at unix:///dead.sock (default) failed at connect: ECONNREFUSED, connection refused',
        '  → start the engine',
        '  second at unix:///dead.sock (default) failed at connect: ECONNREFUSED, connection refused',
        '  → start the engine',
      ].join('\n'),
    })
  })

  it('opens no other runtime when an endpoint that the user named is not available, regardless of the order', async () => {
    for (const plugins of [
      [dead('chosen', true), networked('other')],
      [networked('other'), dead('chosen', true)],
    ]) {
      await expect(createHost(plugins).open()).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    }
  })

  it('rejects with all capabilities that the available runtimes do not provide, by runtime', async () => {
    const host = createHost([networked('networked'), fakePlugin({ name: 'plain' })])
    await expect(host.open({ requires: [networkManagerCapability, sidecarManagerCapability] })).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      message:
        'the application needs networks and sidecars, which no available runtime provides together\n' +
        '  networked lacks sidecars\n  plain lacks networks and sidecars',
    })
  })

  it('rejects with the reason for each missing capability', async () => {
    const absent = [{ id: 'network-manager', title: 'networks', reason: 'no kernel support', remedy: 'upgrade' }]
    const host = createHost([networked('networked'), fakePlugin({ name: 'plain', absent })])
    await expect(host.open({ requires: [networkManagerCapability, sidecarManagerCapability] })).rejects.toMatchObject({
      facts: {
        missing: [
          { id: 'network-manager', reason: 'no kernel support', remedy: 'upgrade' },
          { id: 'sidecar-manager', reason: 'the runtime plugin does not provide it' },
        ],
      },
    })
  })
})

describe('open by name', () => {
  it('opens that runtime, also a simulation, and probes no other', async () => {
    const untouched = fakePlugin({ name: 'other', probe: () => Promise.reject(new Error('was probed')) })
    const scope = await createHost([untouched, fakePlugin({ name: 'simulated', selection: 'named' })]).open({
      runtime: 'simulated',
    })
    expect(scope.runtimeName).toBe('simulated')
    expect(scope.otherReports).toEqual([])
  })

  it('uses CAPSTAN_RUNTIME unless the option is given', async () => {
    const host = createHost([fakePlugin({ name: 'one' }), fakePlugin({ name: 'two' }), fakePlugin({ name: 'three' })], {
      env: { CAPSTAN_RUNTIME: 'two' },
    })
    await expect(host.open()).resolves.toMatchObject({ runtimeName: 'two' })
    await expect(host.open({ runtime: 'three' })).resolves.toMatchObject({ runtimeName: 'three' })
  })

  it('opens no other runtime when that one is not available', async () => {
    await expect(createHost([dead('one'), fakePlugin({ name: 'two' })]).open({ runtime: 'one' })).rejects.toMatchObject(
      {
        code: 'RUNTIME_UNAVAILABLE',
        facts: { runtime: 'one', reports: [{ runtime: 'one' }] },
      },
    )
  })

  it('rejects with PLUGIN_UNKNOWN for a name that no plugin has', async () => {
    await expect(createHost([fakePlugin({ name: 'one' })]).open({ runtime: 'two' })).rejects.toMatchObject({
      code: 'PLUGIN_UNKNOWN',
      facts: { plugin: 'two', known: ['one'] },
    })
  })

  it('rejects before register is called when the runtime does not provide a required capability', async () => {
    const plugin = fakePlugin({
      name: 'plain',
      absent: [{ id: 'network-manager', title: 'networks', reason: 'needs a newer system', remedy: 'upgrade' }],
      register: () => {
        throw new Error('was wired')
      },
    })
    await expect(
      createHost([plugin]).open({ runtime: 'plain', requires: [networkManagerCapability] }),
    ).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      message: 'the application needs networks, which runtime "plain" does not provide',
      facts: { missing: [{ reason: 'needs a newer system', remedy: 'upgrade' }] },
    })
  })
})

describe('an open scope', () => {
  it('has only the runtime and the managers of its plugin', async () => {
    const host = createHost([networked('networked'), fakePlugin({ name: 'plain' })])
    const networkedScope = await host.open({ runtime: 'networked' })
    const plainScope = await host.open({ runtime: 'plain' })
    expect(findCapability(networkedScope, networkManagerCapability)).toBeInstanceOf(FakeNetworkManager)
    expect(findCapability(plainScope, networkManagerCapability)).toBeUndefined()
  })

  it('has the runtime as a capability and as a property', async () => {
    const runtime = new FakeRuntime()
    const scope = await createHost([fakePlugin({ runtime })]).open()
    expect(scope.runtime).toBe(runtime)
    expect(findCapability(scope, runtimeCapability)).toBe(runtime)
  })

  it('reports warnings of its plugin to the host', async () => {
    const warnings: unknown[] = []
    const runtime = new FakeRuntime()
    const plugin = fakePlugin({
      register: (scope) => {
        scope.warn('unverified version')
        scope.provide(runtimeCapability, runtime)
      },
    })
    await createHost([plugin], { onWarning: (warning) => warnings.push(warning) }).open()
    expect(warnings).toEqual([{ runtime: 'fake', message: 'unverified version' }])
  })

  it('has the owner labels of its host, which differ between hosts in one process', async () => {
    const instances = new Set<string | undefined>()
    for (const _ of [1, 2]) {
      const runtime = new FakeRuntime()
      const plugin = fakePlugin({
        register: (scope) => {
          instances.add(scope.ownerLabels['capstan.owner.instance'])
          scope.provide(runtimeCapability, runtime)
        },
      })
      await createHost([plugin]).open()
    }
    expect(instances.size).toBe(2)
  })
})
