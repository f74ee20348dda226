import { describe, expect, it } from 'vitest'
import { PluginHost } from '../../src/host/plugin-host.js'
import { createRuntimeHost, type RuntimePlugin } from '../../src/index.js'
import { createHostError, type ProbeAttempt } from '../../src/plugin.js'
import { fakePlugin, toUnavailable } from '../fakes/fake-plugin.js'
import { blockLoop } from '../support/block-loop.js'

const silent: RuntimePlugin['probe'] = () => new Promise(() => undefined)
const slowAttempt: ProbeAttempt = {
  candidate: 'unix:///busy.sock',
  source: 'default',
  step: 'ping',
  cause: { code: 'TIMED_OUT', message: 'it accepted the connection and did not answer within 10 s' },
  remedy: 'wait',
}
const slow = (name: string, chosen = false) =>
  fakePlugin({ name, probe: async () => ({ ...toUnavailable(chosen), attempts: [slowAttempt] }) })
const other = fakePlugin({ name: 'other' })

describe('a runtime whose endpoint was named by the user', () => {
  const failures: readonly (readonly [string, RuntimePlugin['probe']])[] = [
    ['never answers', silent],
    ['rejects', () => Promise.reject(new TypeError('oops'))],
    [
      'throws',
      () => {
        throw new TypeError('oops')
      },
    ],
    ['rejects with a limit of its own', () => Promise.reject(timedOut)],
    ['rejects with the reason of an abort of its own', () => Promise.reject(new DOMException('x', 'AbortError'))],
    ['rejects when its time is over', ({ signal }) => untilAbort(signal)],
    ['answers with nothing', async () => undefined as never],
    ['answers that it was not named', async () => toUnavailable(false)],
  ]
  const timedOut = createHostError('TIMED_OUT', { operation: 'ping', phase: undefined, timeoutMs: 5, lastLines: [] })

  it.each(failures)('is not replaced by another one when its probe %s', async (_, probe) => {
    const isChosen: RuntimePlugin['isChosen'] = (env) => env.NAMED_HOST !== undefined
    const named = fakePlugin({ name: 'named', probe, isChosen })
    const options = { env: { NAMED_HOST: 'x' }, probeTimeoutMs: 5 }
    for (const plugins of [
      [named, other],
      [other, named],
    ]) {
      const host = createRuntimeHost({ plugins, ...options })
      await expect(host.open()).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
      expect((await host.discover()).find(({ runtime }) => runtime === 'named')).toMatchObject({ chosen: true })
    }
  })

  it('is not replaced when the event loop was blocked for longer than all limits', async () => {
    const named = fakePlugin({ name: 'named', probe: silent, isChosen: () => true })
    const opening = createRuntimeHost({ plugins: [named, other], env: {}, probeTimeoutMs: 5 }).open()
    blockLoop(400)
    await expect(opening).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  })

  it('is not replaced when its plugin is invalid', async () => {
    const broken = { ...fakePlugin({ name: 'named', isChosen: () => true }), register: undefined } as never
    await expect(createRuntimeHost({ plugins: [broken, other], env: {} }).open()).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
    })
  })

  it('is determined from the environment of the host', async () => {
    const isChosen: RuntimePlugin['isChosen'] = (env) => env.NAMED_HOST !== undefined
    const named = fakePlugin({ name: 'named', probe: async () => toUnavailable(false), isChosen })
    await expect(createRuntimeHost({ plugins: [named, other], env: {} }).open()).resolves.toMatchObject({
      runtimeName: 'other',
    })
  })

  it('counts as not named when isChosen throws', async () => {
    const isChosen = () => {
      throw new TypeError('oops')
    }
    const named = fakePlugin({ name: 'named', probe: async () => toUnavailable(false), isChosen })
    await expect(createRuntimeHost({ plugins: [named, other], env: {} }).open()).resolves.toBeDefined()
  })
})

describe('a runtime that does not answer in time', () => {
  it.each([{}, { runtime: 'busy' }])('is named in the first line of the error of open(%j)', async (options) => {
    const host = createRuntimeHost({ plugins: [slow('busy'), fakePlugin({ name: 'x', selection: 'named' })], env: {} })
    await expect(host.open(options)).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
      facts: { reports: [{ attempts: [{ step: 'ping', cause: { code: 'TIMED_OUT' } }] }] },
      message: expect.stringMatching(/^runtime "busy" did not answer in time\n {2}busy at unix:\/\/\/busy\.sock/),
    })
  })

  it('has the remedy to wait or to raise the limit when its probe times out', async () => {
    const plugins = [fakePlugin({ name: 'busy', probe: silent })]
    const [report] = await createRuntimeHost({ plugins, env: {}, probeTimeoutMs: 5 }).discover()
    expect(report?.attempts).toMatchObject([
      { step: 'probe', cause: { code: 'TIMED_OUT', message: 'it did not answer within 5 ms' } },
    ])
    expect(report?.attempts[0]?.remedy).toMatch(/wait .*--probe-timeout .*CAPSTAN_PROBE_TIMEOUT .*probeTimeoutMs/)
    expect(report?.attempts[0]?.remedy).not.toMatch(/restart|authors|makers/)
  })

  it('causes a warning when a later runtime is opened instead', async () => {
    const warnings: unknown[] = []
    const onWarning = (warning: unknown) => warnings.push(warning)
    await createRuntimeHost({ plugins: [slow('busy'), other], env: {}, onWarning }).open()
    expect(warnings).toEqual([{ runtime: 'busy', message: 'did not answer in time; "other" is used instead' }])
  })
})

describe('open while a later plugin hangs', () => {
  const hanging = (parts: Partial<RuntimePlugin> = {}) => fakePlugin({ name: 'hanging', probe: silent, ...parts })
  const createHost = (...plugins: readonly RuntimePlugin[]) =>
    new PluginHost({ plugins, env: {}, probeTimeoutMs: 60_000 }, { othersMs: 5 })

  it('opens the first suitable runtime and reports that the other was not awaited', async () => {
    const scope = await createHost(other, hanging({ isChosen: () => false })).open()
    expect(scope.runtimeName).toBe('other')
    expect(scope.otherReports).toMatchObject([
      { runtime: 'hanging', available: false, chosen: false, attempts: [{ cause: { code: 'TIMED_OUT' } }] },
    ])
    expect(scope.otherReports[0]?.attempts[0]?.remedy).toBe('call discover() to wait for its result')
  })

  it.each([
    ['whose endpoint was named', { isChosen: () => true }],
    ['that tells only with its answer whether it was named', {}],
  ])('waits for a plugin %s', async (_, parts) => {
    let answer: (result: ReturnType<typeof toUnavailable>) => void = () => undefined
    const probe: RuntimePlugin['probe'] = () =>
      new Promise((resolve) => {
        answer = resolve
      })
    let settled = false
    const opening = createHost(other, hanging({ ...parts, probe })).open()
    opening
      .finally(() => {
        settled = true
      })
      .catch(() => undefined)
    await createHost(other, hanging({ isChosen: () => false })).open() // takes as long as the others are waited for
    expect(settled).toBe(false)
    answer(toUnavailable(true))
    await expect(opening).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  })

  it('waits for a slow earlier plugin, and opens it', async () => {
    const first = fakePlugin({
      name: 'first',
      probe: async (options) => {
        await createHost(other, hanging({ isChosen: () => false })).open()
        return fakePlugin().probe(options)
      },
    })
    expect((await createHost(first, other).open()).runtimeName).toBe('first')
  })
})

function untilAbort(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
}
