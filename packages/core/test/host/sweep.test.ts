import { describe, expect, it } from 'vitest'
import { createRuntimeHost, type RuntimePlugin } from '../../src/index.js'
import type { ProbeResult, ProbeStep } from '../../src/plugin.js'
import { fakePlugin, toUnavailable } from '../fakes/fake-plugin.js'
import { FakeRuntime } from '../fakes/fake-runtime.js'

const createHost = (...plugins: readonly RuntimePlugin[]) => createRuntimeHost({ plugins, env: {} })

function unlistable(name: string): RuntimePlugin {
  const listContainers = () => Promise.reject(new Error(`${name} does not list`))
  return fakePlugin({ name, runtime: Object.assign(new FakeRuntime(), { listContainers }) })
}

function unavailable({ code, step, chosen }: { code: string; step: ProbeStep; chosen: boolean }): ProbeResult<never> {
  const cause = { code, message: 'as scripted' }
  return { available: false, chosen, attempts: [{ candidate: 'c', source: 's', step, cause, remedy: 'r' }] }
}

describe('sweep of a host', () => {
  it('sweeps and closes each available automatic runtime', async () => {
    const runtime = new FakeRuntime()
    const host = createHost(
      fakePlugin({ name: 'one', runtime }),
      fakePlugin({ name: 'gone', probe: async () => toUnavailable(false) }),
      fakePlugin({ name: 'simulated', selection: 'named' }),
      fakePlugin({ name: 'two' }),
    )
    expect(await host.sweep()).toMatchObject([{ runtime: 'one' }, { runtime: 'two' }])
    expect(runtime.closed).toBe(1)
  })

  it('reports a runtime whose probe failed, and omits one that is not installed', async () => {
    const failing = (code: string, step: ProbeStep, chosen = false) =>
      fakePlugin({ name: code.toLowerCase().replace('_', '-'), probe: async () => unavailable({ code, step, chosen }) })
    const throwing = fakePlugin({ name: 'throwing', probe: () => Promise.reject(new Error('out of order')) })
    const host = createHost(
      failing('TIMED_OUT', 'ping'),
      failing('EACCES', 'connect'),
      throwing,
      failing('ENOENT', 'find'),
      failing('ECONNREFUSED', 'connect'),
      failing('SERVICE_STOPPED', 'service'),
      fakePlugin({ name: 'named', probe: async () => unavailable({ code: 'ENOENT', step: 'find', chosen: true }) }),
      fakePlugin({ name: 'one' }),
    )
    const nothing = { removed: [], kept: [], failed: [] }
    expect(await host.sweep()).toMatchObject([
      {
        runtime: 'timed-out',
        unavailable: { chosen: false, attempts: [{ cause: { code: 'TIMED_OUT' } }] },
        ...nothing,
      },
      { runtime: 'eacces', unavailable: { attempts: [{ cause: { code: 'EACCES' } }] } },
      { runtime: 'throwing', unavailable: { attempts: [{ cause: { message: 'out of order' } }] } },
      { runtime: 'named', unavailable: { chosen: true } },
      { runtime: 'one' },
    ])
  })

  it('reports an invalid plugin', async () => {
    const faulty = { ...fakePlugin({ name: 'faulty' }), contractVersion: 2 as 1 }
    expect(await createHost(faulty).sweep()).toMatchObject([
      { runtime: 'faulty', unavailable: { attempts: [{ cause: { code: 'PLUGIN_INVALID' } }] } },
    ])
  })

  it.each(['', '-', '-a', 'a b', 'ä', 'a'.repeat(64), 'a/b', 7, {}])('rejects the application name %j', async (app) => {
    const invalid = { code: 'INVALID_ARGUMENT', facts: { field: 'app' } }
    const create = async () => createRuntimeHost({ plugins: [], app: app as never })
    await expect(create()).rejects.toMatchObject(invalid)
    await expect(createHost().sweep({ app: app as never })).rejects.toMatchObject(invalid)
  })

  it('sweeps the others when one fails, then rejects with the failure', async () => {
    const runtime = new FakeRuntime()
    await expect(createHost(unlistable('one'), fakePlugin({ name: 'two', runtime })).sweep()).rejects.toThrow(
      'one does not list',
    )
    expect(runtime.closed).toBe(1)
  })

  it('rejects with an AggregateError of several failures', async () => {
    await expect(createHost(unlistable('one'), unlistable('two')).sweep()).rejects.toMatchObject({
      errors: [{ message: 'one does not list' }, { message: 'two does not list' }],
    })
  })

  it('rejects with the reason of an abort, and opens no further runtime', async () => {
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
