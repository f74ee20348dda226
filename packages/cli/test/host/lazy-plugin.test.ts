import { createRuntimeHost, type RuntimePlugin } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, it } from 'vitest'
import { LazyPlugin } from '../../src/host/lazy-plugin.js'
import { available, fakePlugin } from '../support/fake-plugin.js'

function lazy(): { readonly plugin: RuntimePlugin; readonly loads: () => number } {
  let count = 0
  const load = async () => {
    count += 1
    return memoryPlugin()
  }
  return { plugin: new LazyPlugin({ name: 'memory', selection: 'named', load }), loads: () => count }
}

describe('LazyPlugin', () => {
  it('loads the plugin once, and has the same report and runtime as the plugin itself', async () => {
    const { plugin, loads } = lazy()
    await using host = createRuntimeHost({ plugins: [plugin], env: {} })
    await using direct = createRuntimeHost({ plugins: [memoryPlugin()], env: {} })
    expect(await host.discover()).toEqual(await direct.discover())
    const scope = await host.open({ runtime: 'memory' })
    await scope.runtime.ping()
    expect(loads()).toBe(1)
  })

  it('does not load the package when another runtime is opened', async () => {
    const { plugin, loads } = lazy()
    await using host = createRuntimeHost({ plugins: [fakePlugin('other', available()), plugin], env: {} })
    await expect(host.open()).rejects.toMatchObject({ code: 'PLUGIN_INVALID' })
    expect(loads()).toBe(0)
  })
})
