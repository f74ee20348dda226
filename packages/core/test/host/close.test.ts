import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { PluginHost } from '../../src/host/plugin-host.js'
import {
  createRuntimeHost,
  networkManagerCapability,
  type RuntimePlugin,
  runtimeCapability,
  volumeManagerCapability,
} from '../../src/index.js'
import { createOwner } from '../../src/ownership/owner.js'
import { fakePlugin, toAvailable } from '../fakes/fake-plugin.js'
import { FakeNetworkManager, FakeRuntime, FakeVolumeManager } from '../fakes/fake-runtime.js'

class ClosingRuntime extends FakeRuntime {
  readonly #onClose: () => void

  constructor(onClose: () => void) {
    super()
    this.#onClose = onClose
  }

  override close = async (): Promise<void> => this.#onClose()
}

describe('disposing the host', () => {
  it('closes its scopes in reverse order of opening', async () => {
    const closed: string[] = []
    const plugins = ['one', 'two'].map((name) =>
      fakePlugin({ name, runtime: new ClosingRuntime(() => closed.push(name)) }),
    )
    const host = createRuntimeHost({ plugins, env: {} })
    await host.open({ runtime: 'one' })
    await host.open({ runtime: 'two' })
    await host[Symbol.asyncDispose]()
    expect(closed).toEqual(['two', 'one'])
  })

  it('is idempotent', async () => {
    const runtime = new FakeRuntime()
    const host = createRuntimeHost({ plugins: [fakePlugin({ runtime })], env: {} })
    const scope = await host.open()
    await Promise.all([scope[Symbol.asyncDispose](), host[Symbol.asyncDispose](), host[Symbol.asyncDispose]()])
    await scope[Symbol.asyncDispose]()
    expect(runtime.closed).toBe(1)
  })

  it('closes the other scopes when one fails, and rejects with all failures', async () => {
    const runtime = new FakeRuntime()
    const failing = new ClosingRuntime(() => {
      throw new Error('does not close')
    })
    const plugins = [fakePlugin({ name: 'one', runtime }), fakePlugin({ name: 'two', runtime: failing })]
    const host = createRuntimeHost({ plugins, env: {} })
    await host.open({ runtime: 'one' })
    await host.open({ runtime: 'two' })
    const failure: unknown = await Promise.resolve(host[Symbol.asyncDispose]()).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(AggregateError)
    expect(runtime.closed).toBe(1)
  })

  it('disposes managers before the runtime', async () => {
    const closed: string[] = []
    class DisposableNetworks extends FakeNetworkManager implements AsyncDisposable {
      async [Symbol.asyncDispose](): Promise<void> {
        closed.push('networks')
      }
    }
    const networks = new DisposableNetworks()
    const runtime = new ClosingRuntime(() => closed.push('runtime'))
    const register: RuntimePlugin['register'] = (scope) => {
      scope.provide(runtimeCapability, runtime)
      scope.provide(networkManagerCapability, networks)
    }
    const provides = [runtimeCapability, networkManagerCapability]
    const host = createRuntimeHost({ plugins: [fakePlugin({ provides, register })], env: {} })
    await host.open()
    await host[Symbol.asyncDispose]()
    expect(closed).toEqual(['networks', 'runtime'])
  })

  it('disposes an object once that implements several capabilities', async () => {
    let disposals = 0
    const both = Object.assign(new FakeNetworkManager(), {
      ...new FakeVolumeManager(),
      [Symbol.asyncDispose]: async () => void disposals++,
    })
    const register: RuntimePlugin['register'] = (scope) => {
      scope.provide(runtimeCapability, new FakeRuntime())
      scope.provide(networkManagerCapability, both)
      scope.provide(volumeManagerCapability, both)
    }
    const provides = [runtimeCapability, networkManagerCapability, volumeManagerCapability]
    const scope = await createRuntimeHost({ plugins: [fakePlugin({ provides, register })], env: {} }).open()
    await scope[Symbol.asyncDispose]()
    expect(disposals).toBe(1)
  })

  it('waits for a scope that is being closed', async () => {
    const events: string[] = []
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const runtime = Object.assign(new FakeRuntime(), {
      close: async () => {
        await released
        events.push('runtime closed')
      },
    })
    const host = createRuntimeHost({ plugins: [fakePlugin({ runtime })], env: {} })
    const scope = await host.open()
    const closing = scope[Symbol.asyncDispose]()
    const hostClosing = Promise.resolve(host[Symbol.asyncDispose]()).then(() => events.push('host closed'))
    await new Promise((resolve) => setImmediate(resolve)) // what could end without the runtime has ended by now
    release()
    await Promise.all([closing, hostClosing])
    expect(events).toEqual(['runtime closed', 'host closed'])
  })

  it('aborts running calls and rejects later ones with RUNTIME_UNAVAILABLE', async () => {
    const hanging = fakePlugin({ probe: () => new Promise(() => undefined) })
    const host = createRuntimeHost({ plugins: [hanging], env: {} })
    const opening = host.open()
    const discovering = host.discover()
    await host[Symbol.asyncDispose]()
    await expect(opening).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    await expect(discovering).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    await expect(host.open()).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  })
})

it('a host of many plugins causes no warning about a leak', async () => {
  const warnings: unknown[] = []
  const note = (warning: unknown) => warnings.push(warning)
  process.on('warning', note)
  const plugins = Array.from({ length: 30 }, (_, index) => fakePlugin({ name: `plugin-${index}` }))
  await createRuntimeHost({ plugins, env: {} }).discover({ signal: new AbortController().signal })
  await new Promise((resolve) => setImmediate(resolve)) // a warning is told after the turn that caused it
  process.off('warning', note)
  expect(warnings).toEqual([])
})

describe('aborting', () => {
  it('open while the owner is read rejects with the reason and opens no runtime', async () => {
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    const register: RuntimePlugin['register'] = () => {
      throw new Error('was wired')
    }
    const host = new PluginHost(
      { plugins: [fakePlugin({ register })], env: {} },
      {
        createOwner: () => {
          controller.abort(reason)
          return createOwner()
        },
      },
    )
    await expect(host.open({ signal: controller.signal })).rejects.toBe(reason)
  })

  it('removes its listeners from the signal after the operation', async () => {
    const { signal } = new AbortController()
    const host = createRuntimeHost({ plugins: [fakePlugin()], env: {} })
    await host.discover({ signal })
    await host.open({ signal })
    await host.sweep({ signal })
    await host[Symbol.asyncDispose]()
    await expect(host.open({ signal })).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('rejects with the reason itself, and before the call prevents all probes', async () => {
    let probes = 0
    const probe: RuntimePlugin['probe'] = async () => {
      probes += 1
      return toAvailable({ provides: [runtimeCapability], absent: [], unsupportedOptions: [] })
    }
    const host = createRuntimeHost({ plugins: [fakePlugin({ probe })], env: {} })
    const reason = new Error('changed my mind')
    const signal = AbortSignal.abort(reason)
    await expect(host.open({ signal })).rejects.toBe(reason)
    await expect(host.discover({ signal })).rejects.toBe(reason)
    await expect(host.sweep({ signal })).rejects.toBe(reason)
    expect(probes).toBe(0)
  })

  it('rejects during a probe and aborts the probe', async () => {
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    const told: unknown[] = []
    const probe: RuntimePlugin['probe'] = ({ signal }) => {
      signal?.addEventListener('abort', () => told.push(signal.reason))
      controller.abort(reason)
      return new Promise(() => undefined)
    }
    const host = createRuntimeHost({ plugins: [fakePlugin({ probe })], env: {} })
    await expect(host.open({ signal: controller.signal })).rejects.toBe(reason)
    expect(told).toEqual([reason])
  })
})
