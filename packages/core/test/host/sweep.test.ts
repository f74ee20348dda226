import { describe, expect, it } from 'vitest'
import { createRuntimeHost, type RuntimePlugin } from '../../src/index.js'
import { fakePlugin, toUnavailable } from '../fakes/fake-plugin.js'
import { FakeRuntime } from '../fakes/fake-runtime.js'

const createHost = (...plugins: readonly RuntimePlugin[]) => createRuntimeHost({ plugins, env: {} })

function unlistable(name: string): RuntimePlugin {
  const listContainers = () => Promise.reject(new Error(`${name} does not list`))
  return fakePlugin({ name, runtime: Object.assign(new FakeRuntime(), { listContainers }) })
}

describe('sweeping by the host (F22)', () => {
  it('sweeps each automatic runtime that is here, and closes it', async () => {
    const runtime = new FakeRuntime()
    const host = createHost(
      fakePlugin({ name: 'one', runtime }),
      fakePlugin({ name: 'gone', probe: async () => toUnavailable(true) }),
      fakePlugin({ name: 'simulated', selection: 'named' }),
      fakePlugin({ name: 'two' }),
    )
    expect(await host.sweep()).toMatchObject([{ runtime: 'one' }, { runtime: 'two' }])
    expect(runtime.closed).toBe(1)
  })

  it('sweeps the others when one fails, and then tells its failure', async () => {
    const runtime = new FakeRuntime()
    await expect(createHost(unlistable('one'), fakePlugin({ name: 'two', runtime })).sweep()).rejects.toThrow(
      'one does not list',
    )
    expect(runtime.closed).toBe(1)
  })

  it('tells all failures at once', async () => {
    await expect(createHost(unlistable('one'), unlistable('two')).sweep()).rejects.toMatchObject({
      errors: [{ message: 'one does not list' }, { message: 'two does not list' }],
    })
  })

  it('rejects with the reason of an abort, and opens no more (F16)', async () => {
    const controller = new AbortController()
    const reason = new Error('stop')
    const listContainers = () => {
      controller.abort(reason)
      return Promise.reject(new Error('aborted'))
    }
    const first = fakePlugin({ name: 'one', runtime: Object.assign(new FakeRuntime(), { listContainers }) })
    const register: RuntimePlugin['register'] = () => {
      throw new Error('was wired')
    }
    const host = createHost(first, fakePlugin({ name: 'two', register }))
    await expect(host.sweep({ signal: controller.signal })).rejects.toBe(reason)
  })
})
