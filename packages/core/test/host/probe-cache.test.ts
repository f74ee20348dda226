import { beforeEach, describe, expect, it } from 'vitest'
import { PluginHost } from '../../src/host/plugin-host.js'
import { type RuntimePlugin, runtimeCapability } from '../../src/index.js'
import type { ProbeResult } from '../../src/plugin.js'
import { fakePlugin, toAvailable, toUnavailable } from '../fakes/fake-plugin.js'

describe('open after discover', () => {
  const here = toAvailable({ provides: [runtimeCapability], absent: [], unsupportedOptions: [] })
  let probed: string[]
  let now: number

  beforeEach(() => {
    probed = []
    now = 5000
  })

  function counted(name: string, answer: () => ProbeResult<unknown> = () => here): RuntimePlugin {
    const probe = async () => {
      probed.push(name)
      return answer()
    }
    return fakePlugin({ name, probe })
  }

  const createHost = (...plugins: readonly RuntimePlugin[]) => new PluginHost({ plugins, env: {} }, { now: () => now })

  it.each([{}, { runtime: 'one' }])('uses a result that is at most a second old: %j', async (options) => {
    const host = createHost(counted('one'))
    const [report] = await host.discover()
    now += 1000
    expect((await host.open(options)).report).toBe(report)
    expect(probed).toEqual(['one'])
  })

  it('passes the details of that result to register', async () => {
    const details: unknown[] = []
    const { register, ...plugin } = counted('one', () => ({ ...here, details: { turn: probed.length } }))
    const host = createHost({
      ...plugin,
      register: (scope, given) => {
        details.push(given)
        register(scope, given)
      },
    })
    await host.discover()
    await host.open()
    expect(details).toEqual([{ turn: 1 }])
  })

  it('probes again after a second', async () => {
    const host = createHost(counted('one'))
    await host.discover()
    now += 1001
    await host.open()
    expect(probed).toEqual(['one', 'one'])
  })

  it('probes only runtimes again that were not available', async () => {
    const answers = [toUnavailable(false), here]
    const late = counted('late', () => answers.shift() ?? here)
    const host = createHost(late, counted('other'))
    await host.discover()
    expect((await host.open()).runtimeName).toBe('late')
    expect(probed).toEqual(['late', 'other', 'late'])
  })

  it('does not use a result that a later discover replaced by an unavailable one', async () => {
    const answers = [here, toUnavailable(false), toUnavailable(false)]
    const host = createHost(counted('leaving', () => answers.shift() ?? here))
    await host.discover()
    await host.discover()
    await expect(host.open()).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    expect(probed).toHaveLength(3)
  })

  it('uses each result once, so that a second open probes', async () => {
    const host = createHost(counted('one'))
    await host.discover()
    await host.open()
    await host.open()
    expect(probed).toEqual(['one', 'one'])
  })

  it('does not use results of another host', async () => {
    const plugin = counted('one')
    await createHost(plugin).discover()
    await createHost(plugin).open()
    expect(probed).toEqual(['one', 'one'])
  })

  it('differs from discover and sweep, which always probe', async () => {
    const host = createHost(counted('one'))
    await host.discover()
    await host.discover()
    await host.sweep()
    expect(probed).toHaveLength(3)
  })
})
