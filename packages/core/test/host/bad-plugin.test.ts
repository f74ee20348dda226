import { describe, expect, it } from 'vitest'
import {
  createRuntimeHost,
  type HostOptions,
  networkManagerCapability,
  type RuntimePlugin,
  runtimeCapability,
  volumeManagerCapability,
} from '../../src/index.js'
import { createHostError, type ProbeResult, provide } from '../../src/plugin.js'
import { fakePlugin, toAvailable } from '../fakes/fake-plugin.js'
import { FakeNetworkManager, FakeRuntime } from '../fakes/fake-runtime.js'
import { blockLoop } from '../support/block-loop.js'

const sound = fakePlugin({ name: 'sound' })

/** As plain JavaScript may answer: a sound answer but for `fields`. */
function odd(fields: object): RuntimePlugin['probe'] {
  return async () =>
    ({ ...toAvailable({ provides: [runtimeCapability], absent: [], unsupportedOptions: [] }), ...fields }) as never
}

/** Each bad plugin stands before a sound one, which must still work. */
async function openBeside(bad: RuntimePlugin) {
  const host = createRuntimeHost({ plugins: [bad, sound], env: {}, probeTimeoutMs: 20 })
  const reports = await host.discover()
  await expect(host.open({ runtime: 'sound' })).resolves.toMatchObject({ runtimeName: 'sound' })
  const error: unknown = await host.open({ runtime: bad.name }).catch((cause: unknown) => cause)
  return { report: reports[0], error }
}

describe('a plugin with a fault in its probe', () => {
  const cases: readonly (readonly [string, RuntimePlugin['probe'], string])[] = [
    ['throws', () => Promise.reject(new TypeError('oops')), 'oops'],
    [
      'throws synchronously',
      () => {
        throw new TypeError('oops')
      },
      'oops',
    ],
    ['never resolves', () => new Promise(() => undefined), 'did not answer within 20 ms'],
    ['answers with a text for "available"', odd({ available: 'yes' }), 'without "available"'],
    ['answers with a text for "chosen"', odd({ available: false, chosen: 'no', attempts: [] }), 'without "chosen"'],
    ['answers with no attempt', odd({ available: false, chosen: false, attempts: [null] }), 'list of "attempts"'],
    ['answers with half an attempt', odd({ attempts: [{ candidate: 'x' }] }), 'list of "attempts"'],
    ['answers with a hole', odd({ notes: new Array(1) }), 'list of "notes"'],
    ['lacks nothing in particular', odd({ absent: [null] }), 'list of "absent"'],
    ['refuses nothing in particular', odd({ unsupportedOptions: [undefined] }), 'list of "unsupportedOptions"'],
    ['claims a text', odd({ provides: ['networks'] }), 'list of "provides"'],
    ['claims what has no token', odd({ provides: [{ id: 'x', title: 'x' }] }), 'no capability'],
    ['claims twice', odd({ provides: [runtimeCapability, runtimeCapability] }), 'a capability twice'],
    [
      'refuses a field that no capability declares',
      odd({ unsupportedOptions: [{ field: 'ports.sctp', reason: 'none here' }] }),
      'refuses "ports.sctp", which no capability that it provides declares as refusable',
    ],
    [
      'refuses a field of a capability that it does not provide',
      odd({ unsupportedOptions: [{ field: 'example.com/checkpoints.live', reason: 'none here' }] }),
      'refuses "example.com/checkpoints.live", which no capability that it provides declares as refusable',
    ],
    ['has no version', odd({ version: 1 }), 'text "version"'],
    ['answers undefined', async () => undefined as unknown as ProbeResult<unknown>, 'without "available"'],
    [
      'claims no list',
      async () => ({ available: true, attempts: [] }) as unknown as ProbeResult<unknown>,
      '"provides"',
    ],
  ]
  it.each(cases)('that %s is an attempt, and the others work', async (_, probe, text) => {
    const { report, error } = await openBeside(fakePlugin({ name: 'bad', probe }))
    expect(report).toMatchObject({
      available: false,
      attempts: [{ step: 'probe', source: 'fake-runtime 1.2.3', cause: { message: expect.stringContaining(text) } }],
    })
    expect(error).toMatchObject({ code: 'RUNTIME_UNAVAILABLE', message: expect.stringContaining(text) })
  })
})

describe('a plugin with a fault in register', () => {
  const networks = new FakeNetworkManager()
  const cases: readonly (readonly [string, Parameters<typeof fakePlugin>[0], string, string])[] = [
    [
      'throws',
      {
        register: () => {
          throw new TypeError('oops')
        },
      },
      'PLUGIN_INVALID',
      'throws in register: oops',
    ],
    [
      'is asynchronous',
      { register: (async () => undefined) as unknown as () => void },
      'PLUGIN_INVALID',
      'registers asynchronously',
    ],
    [
      'provides less than it claimed',
      { provides: [runtimeCapability, networkManagerCapability] },
      'PLUGIN_INVALID',
      'claimed capability "network-manager"',
    ],
    [
      'throws the error of something else',
      {
        register: () => {
          throw createHostError('CONNECTION_LOST', { endpoint: 'fake://', lastTimestamp: undefined })
        },
      },
      'PLUGIN_INVALID',
      'throws in register: the connection to fake:// was lost',
    ],
    [
      'registers a way to make one',
      {
        register: (scope) =>
          void scope.container.register(runtimeCapability.token, { useFactory: () => new FakeRuntime() }),
      },
      'PLUGIN_INVALID',
      'capability "runtime", but not an object',
    ],
    [
      'provides twice by the container',
      {
        register: ({ container }) => {
          container.register(runtimeCapability.token, { useValue: new FakeRuntime() })
          container.registerInstance(runtimeCapability.token, new FakeRuntime())
        },
      },
      'CAPABILITY_DUPLICATE',
      'twice',
    ],
    ['provides more than it claimed', { networks, provides: [runtimeCapability] }, 'PLUGIN_INVALID', 'did not claim'],
    [
      'provides no runtime',
      { provides: [], register: () => undefined },
      'PLUGIN_INVALID',
      'does not provide capability',
    ],
    [
      'provides half a runtime',
      { register: (scope) => provide(scope, runtimeCapability, { type: 'half' } as never) },
      'PLUGIN_INVALID',
      'without the methods "ping", "createContainer", "startContainer", ',
    ],
    [
      'provides a runtime that lacks one method',
      {
        register: (scope) => provide(scope, runtimeCapability, Object.assign(new FakeRuntime(), { ping: 1 }) as never),
      },
      'PLUGIN_INVALID',
      'without the method "ping"',
    ],
    [
      'provides undefined',
      { register: (scope) => provide(scope, volumeManagerCapability, undefined as never) },
      'PLUGIN_INVALID',
      'provides undefined',
    ],
    [
      'provides twice',
      {
        networks,
        register: (scope) => {
          provide(scope, networkManagerCapability, networks)
          provide(scope, networkManagerCapability, networks)
        },
      },
      'CAPABILITY_DUPLICATE',
      'twice',
    ],
  ]
  it.each(cases)('that %s is named with package and version', async (_, options, code, text) => {
    const { error } = await openBeside(fakePlugin({ ...options, name: 'bad' }))
    expect(error).toMatchObject({ code, message: expect.stringContaining(text) })
    expect(error).toMatchObject({ facts: { packageName: 'fake-runtime', packageVersion: '1.2.3' } })
  })

  it('that is asynchronous and fails later is told once: its rejection ends no process', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const register = (async () => {
      throw new TypeError('late')
    }) as () => void
    await openBeside(fakePlugin({ name: 'bad', register }))
    await new Promise((resolve) => setImmediate(resolve)) // told after the turn
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  it('keeps its error when its remains do not close, which is told beside it', async () => {
    const runtime = Object.assign(new FakeRuntime(), { close: () => Promise.reject(new Error('does not close')) })
    const register: RuntimePlugin['register'] = (scope) => {
      provide(scope, runtimeCapability, runtime)
      throw new TypeError('oops')
    }
    const { error } = await openBeside(fakePlugin({ name: 'bad', register }))
    expect(error).toMatchObject({ code: 'PLUGIN_INVALID', undoFailures: [{ message: 'does not close' }] })
  })

  it('has what it had registered closed', async () => {
    const runtime = new FakeRuntime()
    const register: RuntimePlugin['register'] = (scope) => {
      provide(scope, runtimeCapability, runtime)
      throw new TypeError('oops')
    }
    await openBeside(fakePlugin({ name: 'bad', register }))
    expect(runtime.closed).toBe(1)
  })
})

describe('a plugin of the wrong shape', () => {
  const cases: readonly (readonly [string, object, string])[] = [
    ['another contract version', { contractVersion: 2 }, 'contract version 2'],
    ['no probe', { probe: undefined }, '"probe"'],
    ['no register', { register: 'yes' }, '"register"'],
    ['a bad selection', { selection: 'sometimes' }, 'selection "sometimes"'],
    ['a bad time limit', { probeTimeoutMs: -1 }, 'probeTimeoutMs'],
    ['a time limit that a timer takes for 1 ms', { probeTimeoutMs: Number.POSITIVE_INFINITY }, 'probeTimeoutMs'],
    ['an isChosen that is not a method', { isChosen: true }, '"isChosen"'],
    ['a package name that is no text', { packageName: 5 }, 'packageName'],
  ]
  it.each(cases)('with %s is PLUGIN_INVALID, and the others work', async (_, fields, text) => {
    const { report, error } = await openBeside({ ...fakePlugin({ name: 'bad' }), ...fields } as RuntimePlugin)
    expect(report).toMatchObject({ available: false, attempts: [{ cause: { code: 'PLUGIN_INVALID' } }] })
    expect(error).toMatchObject({ code: 'PLUGIN_INVALID', message: expect.stringContaining(text) })
  })

  it('that is no object at all is reported by its place', async () => {
    const host = createRuntimeHost({ plugins: [null as unknown as RuntimePlugin, sound], env: {} })
    expect(await host.discover()).toMatchObject([{ runtime: 'plugins[0]', available: false }, { available: true }])
  })

  it('that is what makes it, and not it, is told so', async () => {
    const host = createRuntimeHost({ plugins: [fakePlugin as unknown as RuntimePlugin, sound], env: {} })
    const [report] = await host.discover()
    expect(report?.attempts[0]?.cause.message).toContain('is a function, not a plugin: pass what it returns')
  })

  it('that is a hole in the list is reported by its place', async () => {
    const plugins: RuntimePlugin[] = []
    plugins[1] = sound
    expect(await createRuntimeHost({ plugins, env: {} }).discover()).toMatchObject([
      { runtime: 'plugins[0]', available: false },
      { runtime: 'sound', available: true },
    ])
  })

  it('with the name of another makes that name unusable, and names both packages', async () => {
    const twin = fakePlugin({ name: 'twin', packageName: 'one', packageVersion: '1.0.0' })
    const other = fakePlugin({ name: 'twin', packageName: 'two', packageVersion: '2.0.0' })
    const host = createRuntimeHost({ plugins: [twin, other, sound], env: {} })
    await expect(host.open({ runtime: 'twin' })).rejects.toMatchObject({
      code: 'PLUGIN_DUPLICATE',
      facts: { plugin: 'twin', packages: ['one 1.0.0', 'two 2.0.0'] },
    })
    await expect(host.open()).resolves.toMatchObject({ runtimeName: 'sound' })
  })
})

describe('the deadline of a probe', () => {
  it("is the plugin's own where it has one", async () => {
    const seen: (number | undefined)[] = []
    const probe: RuntimePlugin['probe'] = async ({ timeoutMs }) => {
      seen.push(timeoutMs)
      return toAvailable({ provides: [runtimeCapability], absent: [], unsupportedOptions: [] })
    }
    const plugins = [fakePlugin({ name: 'slow', probe, probeTimeoutMs: 9000 }), fakePlugin({ name: 'quick', probe })]
    await createRuntimeHost({ plugins, env: {} }).discover()
    expect(seen).toEqual([9000, undefined])
  })

  it("is the host's for every plugin where the host has one, else that of CAPSTAN_PROBE_TIMEOUT in seconds", async () => {
    const seen: (number | undefined)[] = []
    const probe: RuntimePlugin['probe'] = async ({ timeoutMs }) => {
      seen.push(timeoutMs)
      return toAvailable({ provides: [runtimeCapability], absent: [], unsupportedOptions: [] })
    }
    const plugins = [fakePlugin({ name: 'own', probe, probeTimeoutMs: 9000 }), fakePlugin({ name: 'none', probe })]
    const env = { CAPSTAN_PROBE_TIMEOUT: '1.5' }
    await createRuntimeHost({ plugins, env, probeTimeoutMs: 400 }).discover()
    await createRuntimeHost({ plugins, env }).discover()
    await createRuntimeHost({ plugins, env: { CAPSTAN_PROBE_TIMEOUT: '' } }).discover()
    expect(seen).toEqual([400, 400, 1500, 1500, 9000, undefined])
  })

  it.each(['0', '-1', 'ten', '10s', '1e3', 'Infinity', ' ', '86401', '0.0001'])(
    'is INVALID_ARGUMENT before anything is probed for CAPSTAN_PROBE_TIMEOUT=%j',
    (given) => {
      const env = { CAPSTAN_PROBE_TIMEOUT: given }
      const facts = { field: 'CAPSTAN_PROBE_TIMEOUT', given: JSON.stringify(given) }
      expect(() => createRuntimeHost({ plugins: [sound], env })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining(facts) }),
      )
      expect(() => createRuntimeHost({ plugins: [sound], env, probeTimeoutMs: 5 })).not.toThrow()
    },
  )

  it('leaves an answer that arrives while the loop is blocked for longer than the limit', async () => {
    const probe: RuntimePlugin['probe'] = async () => {
      const answer = toAvailable({ provides: [runtimeCapability], absent: [], unsupportedOptions: [] })
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      return answer
    }
    const host = createRuntimeHost({ plugins: [fakePlugin({ name: 'busy', probe })], env: {}, probeTimeoutMs: 20 })
    const opening = host.open()
    blockLoop(500)
    await expect(opening).resolves.toMatchObject({ runtimeName: 'busy' })
  })

  it('runs for all plugins at once', async () => {
    let waiting = 0
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const probe: RuntimePlugin['probe'] = async () => {
      waiting += 1
      if (waiting === 2) release()
      await released
      return toAvailable({ provides: [runtimeCapability], absent: [], unsupportedOptions: [] })
    }
    const plugins = [fakePlugin({ name: 'one', probe }), fakePlugin({ name: 'two', probe })]
    const reports = await createRuntimeHost({ plugins, env: {} }).discover()
    expect(reports.map(({ available }) => available)).toEqual([true, true])
  })
})

describe('bad options of a host', () => {
  const cases: readonly (readonly [string, object])[] = [
    ['plugins', { plugins: sound }],
    ['probeTimeoutMs', { plugins: [], probeTimeoutMs: Number.NaN }],
    ['probeTimeoutMs', { plugins: [], probeTimeoutMs: Number.POSITIVE_INFINITY }],
  ]
  it.each(cases)('are INVALID_ARGUMENT naming %s: %j', (field, options) => {
    expect(() => createRuntimeHost(options as HostOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) }),
    )
  })
})
