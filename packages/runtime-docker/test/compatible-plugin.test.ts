import {
  createRuntimeHost,
  findCapability,
  type RuntimePlugin,
  runtimeCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type CompatiblePluginOptions, compatiblePlugin, type EngineProduct, parseEndpoint } from '../src/compatible.js'
import { startFakeEngine } from './fake/fake-docker-engine.js'

const other: EngineProduct = {
  product: 'other',
  title: 'Other',
  serverHeader: 'Otherd',
  versionComponent: 'Other Engine',
  oldestApi: '1.40',
  hostName: 'host.other.internal',
}

async function openHost(changes: Partial<CompatiblePluginOptions> = {}, server = 'Otherd/7.0') {
  const { fake } = await startFakeEngine()
  fake.server = server
  const find = () => ({
    chosen: true,
    candidates: [parseEndpoint(`unix://${fake.socketPath}`, { source: 'here', tls: undefined })],
  })
  return { fake, host: createHost({ find, ...changes }) }
}

function createHost(changes: Pick<CompatiblePluginOptions, 'find'> & Partial<CompatiblePluginOptions>) {
  const plugin = compatiblePlugin({ name: 'other', accepts: [other], ...changes })
  const host = createRuntimeHost({ plugins: [plugin as RuntimePlugin], env: { OTHER: 'set' } })
  onTestFinished(() => host[Symbol.asyncDispose]())
  return host
}

describe('compatiblePlugin', () => {
  test('recognizes the engine by the header, and reports its version without the product', async () => {
    const { host } = await openHost()
    expect(await host.discover()).toMatchObject([
      { runtime: 'other', available: true, version: '20.10.24', notes: [expect.stringContaining('hostAddress')] },
    ])
    const { runtime } = await host.open()
    expect(runtime.type).toBe('other')
  })

  test('recognizes the engine by its component when the header is missing', async () => {
    const { fake, host } = await openHost({}, '')
    fake.override('GET /version', (reply) => reply.json(200, { Components: [{ Name: 'Other Engine' }] }))
    expect(await host.discover()).toMatchObject([{ available: true }])
  })

  test('has its own variable in the remedy when nothing listens, and never that of Docker', async () => {
    const candidates = [parseEndpoint('unix:///nowhere/other.sock', { source: 'OTHER_HOST', tls: undefined })]
    const find = () => ({ chosen: true, candidates })
    const remedies = [createHost({ find }), createHost({ find, endpointVariable: 'OTHER_HOST' })].map(async (host) => {
      const [report] = await host.discover()
      return report?.attempts[0]?.remedy
    })
    expect(await Promise.all(remedies)).toEqual([
      'start that engine, or name another endpoint',
      'start that engine, or unset OTHER_HOST',
    ])
  })

  test('rejects another product, and the attempt names the engine', async () => {
    const { host } = await openHost({}, 'Docker/20.10.24 (linux)')
    const [report] = await host.discover()
    expect(report?.attempts).toMatchObject([
      { step: 'version', cause: { message: 'the engine is Docker/20.10.24 (linux), not Other' } },
    ])
  })

  test('names the second product in the report', async () => {
    const second = { ...other, product: 'second', title: 'Second', serverHeader: 'Secondd' }
    const { host } = await openHost({ accepts: [other, second] }, 'Secondd/1')
    expect(await host.discover()).toMatchObject([
      {
        version: 'Second 20.10.24',
        notes: ["the engine is Second 20.10.24, which has Docker's API", expect.stringContaining('hostAddress')],
      },
    ])
  })

  test('accepts an older API version that the plugin supports, with a warning', async () => {
    const { fake, host } = await openHost()
    fake.newestApi = '1.40'
    expect(await host.discover()).toMatchObject([{ available: true }])
    const { fake: older, host: olderHost } = await openHost()
    older.newestApi = '1.39'
    expect((await olderHost.discover())[0]?.attempts).toMatchObject([{ cause: { code: 'API_VERSION' } }])
  })

  test('reads DOCKER_API_VERSION only when the option is set', async () => {
    const { host } = await openHost({ apiVersionVariable: 'OTHER' })
    expect((await host.discover())[0]?.attempts[0]?.cause.message).toContain('OTHER is not a version')
  })

  test('applies the adjustments of the plugin to the report and to the runtime', async () => {
    const refused = { field: 'privileged', reason: 'it never could', remedy: undefined } as const
    const absent = { ...volumeManagerCapability, reason: 'it has none', remedy: undefined }
    const adjusted: EngineProduct = {
      ...other,
      adjust: ({ facts, unsupportedOptions, info, env }) => ({
        facts: { location: 'virtual-machine' },
        unsupportedOptions: [...unsupportedOptions, refused],
        absent: [{ id: absent.id, title: absent.title, reason: absent.reason, remedy: absent.remedy }],
        notes: [`${facts.title} has ${info.NCPU} CPUs, OTHER is ${env.OTHER}`],
      }),
    }
    const { host } = await openHost({ accepts: [adjusted] })
    const [report] = await host.discover()
    expect(report).toMatchObject({ available: true, notes: ['Other has 2 CPUs, OTHER is set'] })
    const scope = await host.open()
    expect(findCapability(scope, volumeManagerCapability)).toBeUndefined()
    await expect(scope.runtime.createContainer({ image: 'busybox:1', privileged: true })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'privileged', reason: 'it never could' },
    })
    const mounts = [{ type: 'volume', source: 'data', target: '/data' }] as const
    await expect(scope.runtime.createContainer({ image: 'busybox:1', mounts })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'mounts.volume', reason: 'it has none' },
    })
    expect(await scope.runtime.getHostAddress()).toBe('host.other.internal')
    expect(report?.available && report.provides.map(({ id }) => id)).toContain(runtimeCapability.id)
  })
})

describe('an engine that the plugin starts on demand', () => {
  async function openServed() {
    const { fake } = await startFakeEngine()
    fake.server = 'Otherd/7.0'
    await fake.die()
    const events: string[] = []
    const start = async () => {
      events.push('start')
      await fake.listen()
      const end = async () => {
        events.push('end')
        await fake.die()
      }
      return { address: { type: 'socket', path: fake.socketPath } as const, [Symbol.asyncDispose]: end }
    }
    const endpoint = { url: 'otherd', address: { type: 'service', start } as const }
    const find = () => ({ chosen: false, candidates: [{ source: 'this plugin', endpoint }] })
    return { fake, events, host: createHost({ find }) }
  }

  test('is started and stopped by the probe, started by the first call, and stopped by close', async () => {
    const { events, host } = await openServed()
    expect(await host.discover()).toMatchObject([{ available: true, endpoint: 'otherd' }])
    expect(events).toEqual(['start', 'end'])
    const { runtime } = await host.open()
    expect(events).toEqual(['start', 'end'])
    await Promise.all([runtime.ping(), runtime.listContainers()])
    expect(events).toEqual(['start', 'end', 'start'])
    await runtime.close()
    expect(events).toEqual(['start', 'end', 'start', 'end'])
    await expect(runtime.ping()).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    expect(events).toHaveLength(4)
  })

  test('is started again after it has exited', async () => {
    const { fake, events, host } = await openServed()
    const { runtime } = await host.open()
    await runtime.listContainers()
    await fake.die()
    await runtime.listContainers()
    expect(events.slice(2)).toEqual(['start', 'end', 'start'])
  })

  test('gives a failed attempt of step "service" with the cause when it does not start', async () => {
    const start = () => Promise.reject(new Error('no such program'))
    const endpoint = { url: 'otherd', address: { type: 'service', start } as const }
    const host = createHost({ find: () => ({ chosen: false, candidates: [{ source: 'this plugin', endpoint }] }) })
    expect((await host.discover())[0]?.attempts).toMatchObject([
      { candidate: 'otherd', step: 'service', cause: { message: 'no such program' } },
    ])
  })

  test('rejects a call that is aborted during the start, and continues the start for other calls', async () => {
    const { fake, host } = await openServed()
    const { runtime } = await host.open()
    const reason = new Error('enough')
    const controller = new AbortController()
    const calls = [runtime.listContainers({ signal: controller.signal }), runtime.listContainers()]
    controller.abort(reason)
    await expect(calls[0]).rejects.toBe(reason)
    await expect(calls[1]).resolves.toEqual([])
    expect(fake.log().filter((line) => line === 'GET /containers/json')).toHaveLength(1)
  })
})
