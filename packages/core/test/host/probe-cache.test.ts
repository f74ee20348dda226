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

  it.each([{}, { runtime: 'one' }])('uses what that found at most a second ago: %j', async (options) => {
    const host = createHost(counted('one'))
    const [report] = await host.discover()
    now += 1000
    expect((await host.open(options)).report).toBe(report)
    expect(probed).toEqual(['one'])
  })

  it('hands register the details of that probe', async () => {
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

  it('probes anew after a second', async () => {
    const host = createHost(counted('one'))
    await host.discover()
    now += 1001
    await host.open()
    expect(probed).toEqual(['one', 'one'])
  })

  it('probes anew what was not available, and that alone', async () => {
    const answers = [toUnavailable(false), here]
    const late = counted('late', () => answers.shift() ?? here)
    const host = createHost(late, counted('other'))
    await host.discover()
    expect((await host.open()).runtimeName).toBe('late')
    expect(probed).toEqual(['late', 'other', 'late'])
  })

  it('forgets what a later discover did not find', async () => {
    const answers = [here, toUnavailable(false), toUnavailable(false)]
    const host = createHost(counted('leaving', () => answers.shift() ?? here))
    await host.discover()
    await host.discover()
    await expect(host.open()).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    expect(probed).toHaveLength(3)
  })

  it('uses each find once: a second open probes', async () => {
    const host = createHost(counted('one'))
    await host.discover()
    await host.open()
    await host.open()
    expect(probed).toEqual(['one', 'one'])
  })

  it('does not know what another host found', async () => {
    const plugin = counted('one')
    await createHost(plugin).discover()
    await createHost(plugin).open()
    expect(probed).toEqual(['one', 'one'])
  })

  it('is not what discover and sweep do: both probe each time', async () => {
    const host = createHost(counted('one'))
    await host.discover()
    await host.discover()
    await host.sweep()
    expect(probed).toHaveLength(3)
  })
})
