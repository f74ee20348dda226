import { describe, expect, it } from 'vitest'
import {
  createRuntimeHost,
  findCapability,
  type HostOptions,
  networkManagerCapability,
  type RuntimePlugin,
  runtimeCapability,
  volumeManagerCapability,
} from '../../src/index.js'
import {
  createHostError,
  hostEnvironmentCapability,
  type ProbeResult,
  type RegistrationScope,
} from '../../src/plugin.js'
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

describe('a plugin whose probe', () => {
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
    ['resolves with a string as "available"', odd({ available: 'yes' }), 'without a boolean "available"'],
    [
      'resolves with a string as "chosen"',
      odd({ available: false, chosen: 'no', attempts: [] }),
      'without a boolean "chosen"',
    ],
    [
      'resolves with null as an attempt',
      odd({ available: false, chosen: false, attempts: [null] }),
      'array "attempts"',
    ],
    ['resolves with an incomplete attempt', odd({ attempts: [{ candidate: 'x' }] }), 'array "attempts"'],
    ['resolves with a sparse array', odd({ notes: new Array(1) }), 'array "notes"'],
    ['resolves with null as an absent capability', odd({ absent: [null] }), 'array "absent"'],
    [
      'resolves with undefined as an unsupported option',
      odd({ unsupportedOptions: [undefined] }),
      'array "unsupportedOptions"',
    ],
    ['resolves with a string as a provided capability', odd({ provides: ['networks'] }), 'array "provides"'],
    [
      'resolves with a provided capability without a token',
      odd({ provides: [{ id: 'x', title: 'x' }] }),
      'something other than a capability',
    ],
    [
      'resolves with a provided capability twice',
      odd({ provides: [runtimeCapability, runtimeCapability] }),
      'a capability twice',
    ],
    [
      'lists an unsupported option that no capability declares',
      odd({ unsupportedOptions: [{ field: 'ports.sctp', reason: 'none here' }] }),
      'lists "ports.sctp" as unsupported, which none of its capabilities declares as an option',
    ],
    [
      'lists an unsupported option of a capability that it does not provide',
      odd({ unsupportedOptions: [{ field: 'example.com/checkpoints.live', reason: 'none here' }] }),
      'lists "example.com/checkpoints.live" as unsupported, which none of its capabilities declares as an option',
    ],
    ['resolves with a version that is not a string', odd({ version: 1 }), 'string "version"'],
    [
      'resolves with undefined',
      async () => undefined as unknown as ProbeResult<unknown>,
      'without a boolean "available"',
    ],
    [
      'resolves without provided capabilities',
      async () => ({ available: true, attempts: [] }) as unknown as ProbeResult<unknown>,
      '"provides"',
    ],
  ]
  it.each(cases)('%s is reported with a failed attempt, and other plugins can be opened', async (_, probe, text) => {
    const { report, error } = await openBeside(fakePlugin({ name: 'bad', probe }))
    expect(report).toMatchObject({
      available: false,
      attempts: [{ step: 'probe', source: 'fake-runtime 1.2.3', cause: { message: expect.stringContaining(text) } }],
    })
    expect(error).toMatchObject({ code: 'RUNTIME_UNAVAILABLE', message: expect.stringContaining(text) })
  })
})

describe('a plugin whose register', () => {
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
      'does not provide a capability that the probe listed',
      { provides: [runtimeCapability, networkManagerCapability] },
      'PLUGIN_INVALID',
      'does not provide capability "network-manager"',
    ],
    [
      'throws another HostError',
      {
        register: () => {
          throw createHostError('CONNECTION_LOST', { endpoint: 'fake://', lastTimestamp: undefined })
        },
      },
      'PLUGIN_INVALID',
      'throws in register: the connection to fake:// was lost',
    ],
    [
      'provides a function',
      { register: (scope) => scope.provide(runtimeCapability, FakeRuntime as never) },
      'PLUGIN_INVALID',
      'as capability "runtime"',
    ],
    [
      'provides a capability that the host registers itself',
      { register: (scope) => scope.provide(hostEnvironmentCapability, {}) },
      'CAPABILITY_DUPLICATE',
      'twice',
    ],
    [
      'provides a capability that the probe did not list',
      { networks, provides: [runtimeCapability] },
      'PLUGIN_INVALID',
      'did not list',
    ],
    [
      'provides no runtime',
      { provides: [], register: () => undefined },
      'PLUGIN_INVALID',
      'does not provide capability',
    ],
    [
      'provides a runtime without methods',
      { register: (scope) => scope.provide(runtimeCapability, { type: 'half' } as never) },
      'PLUGIN_INVALID',
      'without the methods "ping", "createContainer", "startContainer", ',
    ],
    [
      'provides a runtime that lacks one method',
      {
        register: (scope) => scope.provide(runtimeCapability, Object.assign(new FakeRuntime(), { ping: 1 }) as never),
      },
      'PLUGIN_INVALID',
      'without the method "ping"',
    ],
    [
      'provides undefined',
      { register: (scope) => scope.provide(volumeManagerCapability, undefined as never) },
      'PLUGIN_INVALID',
      'provides undefined',
    ],
    [
      'provides twice',
      {
        networks,
        register: (scope) => {
          scope.provide(networkManagerCapability, networks)
          scope.provide(networkManagerCapability, networks)
        },
      },
      'CAPABILITY_DUPLICATE',
      'twice',
    ],
  ]
  it.each(cases)('%s causes an error with package and version', async (_, options, code, text) => {
    const { error } = await openBeside(fakePlugin({ ...options, name: 'bad' }))
    expect(error).toMatchObject({ code, message: expect.stringContaining(text) })
    expect(error).toMatchObject({ facts: { packageName: 'fake-runtime', packageVersion: '1.2.3' } })
  })

  it('provides a capability twice causes CAPABILITY_DUPLICATE with the capability and the package', async () => {
    const register: RuntimePlugin['register'] = (scope) => {
      for (const _ of [1, 2]) scope.provide(networkManagerCapability, networks)
    }
    const { error } = await openBeside(fakePlugin({ networks, register, name: 'bad' }))
    expect(error).toMatchObject({
      code: 'CAPABILITY_DUPLICATE',
      facts: { capability: 'network-manager', runtime: 'bad', packageName: 'fake-runtime', packageVersion: '1.2.3' },
    })
  })

  it('provides after it has returned causes PLUGIN_INVALID, and does not change the scope', async () => {
    let kept: RegistrationScope | undefined
    const register: RuntimePlugin['register'] = (scope) => {
      kept = scope
      scope.provide(runtimeCapability, new FakeRuntime())
    }
    const scope = await createRuntimeHost({ plugins: [fakePlugin({ register })], env: {} }).open()
    const problem = 'provides capability "network-manager" after register has returned'
    expect(() => kept?.provide(networkManagerCapability, networks)).toThrow(
      expect.objectContaining({ code: 'PLUGIN_INVALID', facts: expect.objectContaining({ problem }) }),
    )
    expect(findCapability(scope, networkManagerCapability)).toBeUndefined()
  })

  it('is asynchronous and rejects later causes no unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const register = (async () => {
      throw new TypeError('late')
    }) as () => void
    await openBeside(fakePlugin({ name: 'bad', register }))
    await new Promise((resolve) => setImmediate(resolve)) // the rejection would be reported after this iteration of the event loop
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  it('throws causes an error with undo failures when the registered runtime cannot be closed', async () => {
    const runtime = Object.assign(new FakeRuntime(), { close: () => Promise.reject(new Error('does not close')) })
    const register: RuntimePlugin['register'] = (scope) => {
      scope.provide(runtimeCapability, runtime)
      throw new TypeError('oops')
    }
    const { error } = await openBeside(fakePlugin({ name: 'bad', register }))
    expect(error).toMatchObject({ code: 'PLUGIN_INVALID', undoFailures: [{ message: 'does not close' }] })
  })

  it('throws causes the registered runtime to be closed', async () => {
    const runtime = new FakeRuntime()
    const register: RuntimePlugin['register'] = (scope) => {
      scope.provide(runtimeCapability, runtime)
      throw new TypeError('oops')
    }
    await openBeside(fakePlugin({ name: 'bad', register }))
    expect(runtime.closed).toBe(1)
  })
})

describe('an invalid plugin', () => {
  const cases: readonly (readonly [string, object, string])[] = [
    ['another contract version', { contractVersion: 2 }, 'contractVersion 2'],
    ['no probe', { probe: undefined }, '"probe"'],
    ['no register', { register: 'yes' }, '"register"'],
    ['an invalid selection', { selection: 'sometimes' }, 'selection "sometimes"'],
    ['a negative time limit', { probeTimeoutMs: -1 }, 'probeTimeoutMs'],
    ['an infinite time limit', { probeTimeoutMs: Number.POSITIVE_INFINITY }, 'probeTimeoutMs'],
    ['an isChosen that is not a method', { isChosen: true }, '"isChosen"'],
    ['a package name that is not a string', { packageName: 5 }, 'packageName'],
  ]
  it.each(cases)('with %s is PLUGIN_INVALID, and other plugins can be opened', async (_, fields, text) => {
    const { report, error } = await openBeside({ ...fakePlugin({ name: 'bad' }), ...fields } as RuntimePlugin)
    expect(report).toMatchObject({ available: false, attempts: [{ cause: { code: 'PLUGIN_INVALID' } }] })
    expect(error).toMatchObject({ code: 'PLUGIN_INVALID', message: expect.stringContaining(text) })
  })

  it('that is null is reported by its index', async () => {
    const host = createRuntimeHost({ plugins: [null as unknown as RuntimePlugin, sound], env: {} })
    expect(await host.discover()).toMatchObject([{ runtime: 'plugins[0]', available: false }, { available: true }])
  })

  it('that is a factory function is reported with the remedy to pass its return value', async () => {
    const host = createRuntimeHost({ plugins: [fakePlugin as unknown as RuntimePlugin, sound], env: {} })
    const [report] = await host.discover()
    expect(report?.attempts[0]?.cause.message).toContain('is a function, not a plugin: pass its return value')
  })

  it('that is a hole in the array is reported by its index', async () => {
    const plugins: RuntimePlugin[] = []
    plugins[1] = sound
    expect(await createRuntimeHost({ plugins, env: {} }).discover()).toMatchObject([
      { runtime: 'plugins[0]', available: false },
      { runtime: 'sound', available: true },
    ])
  })

  it('with the name of another plugin is PLUGIN_DUPLICATE with both packages', async () => {
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

describe('the time limit of a probe', () => {
  it('is that of the plugin, if it has one', async () => {
    const seen: (number | undefined)[] = []
    const probe: RuntimePlugin['probe'] = async ({ timeoutMs }) => {
      seen.push(timeoutMs)
      return toAvailable({ provides: [runtimeCapability], absent: [], unsupportedOptions: [] })
    }
    const plugins = [fakePlugin({ name: 'slow', probe, probeTimeoutMs: 9000 }), fakePlugin({ name: 'quick', probe })]
    await createRuntimeHost({ plugins, env: {} }).discover()
    expect(seen).toEqual([9000, undefined])
  })

  it('is that of the host for all plugins, if set, else CAPSTAN_PROBE_TIMEOUT in seconds', async () => {
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

  it('does not expire before an answer that arrived while the event loop was blocked', async () => {
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

  it('runs concurrently for all plugins', async () => {
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

describe('invalid options of a host', () => {
  const cases: readonly (readonly [string, object])[] = [
    ['plugins', { plugins: sound }],
    ['probeTimeoutMs', { plugins: [], probeTimeoutMs: Number.NaN }],
    ['probeTimeoutMs', { plugins: [], probeTimeoutMs: Number.POSITIVE_INFINITY }],
  ]
  it.each(cases)('cause INVALID_ARGUMENT for %s: %j', (field, options) => {
    expect(() => createRuntimeHost(options as HostOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) }),
    )
  })
})
