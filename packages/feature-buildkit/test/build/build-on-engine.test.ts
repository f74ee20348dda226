import { EventEmitter, once } from 'node:events'
import { Writable } from 'node:stream'
import {
  type BuildService,
  buildServiceCapability,
  createRuntimeHost,
  networkManagerCapability,
  type RuntimePlugin,
  type RuntimeScope,
} from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FakeDaemon, type FakeDaemonOptions } from '../../../buildkit-client/test/support/fake-daemon.js'
import { createStreamPair } from '../../../buildkit-client/test/support/stream-pair.js'
import { BuildKitFeature, type BuildProgressEvent, type BuildRequest, toBuildKitSupport } from '../../src/index.js'
import { createSimulatedBuildKitPlugin, type SimulatedBuildKitPluginOptions } from '../support/simulated-buildkit.js'

interface EngineOptions extends Omit<SimulatedBuildKitPluginOptions, 'faults'> {
  readonly store?: 'docker' | 'containerd'
  /** Whether a proxy refuses the connection. Default false. */
  readonly refuses?: boolean
  /** Whether the engine has connections for sessions. Default true. */
  readonly hasSessions?: boolean
  readonly faults?: FakeDaemonOptions['faults']
  /** Called when a session is opened on a connection of its own. */
  readonly onSession?: () => void
}

/** Opens a runtime whose engine has a BuildKit with this image store. */
async function open(options: EngineOptions = {}): Promise<RuntimeScope> {
  const {
    store = 'docker',
    refuses = false,
    hasSessions = true,
    onSession = () => {},
    faults = [],
    ...simulated
  } = options
  const daemon = new FakeDaemon({ store, faults })
  const connect: BuildService['connect'] = async ({ signal } = {}) => {
    const facts = { operation: 'connect', subject: 'BuildKit', status: 403, reason: 'a proxy forbids it' }
    if (refuses) throw createHostError('OPERATION_FAILED', facts)
    const [ours, theirs] = createStreamPair()
    daemon.serve(theirs)
    signal?.addEventListener('abort', () => ours.destroy(signal.reason))
    return ours
  }
  const openSession: BuildService['openSession'] = async (headers) => {
    if (!hasSessions) return undefined
    const [ours, theirs] = createStreamPair()
    daemon.serveSession(theirs, headers)
    onSession()
    return ours
  }
  const memory = createSimulatedBuildKitPlugin(simulated)
  const plugin: RuntimePlugin = {
    ...memory,
    async probe(given) {
      const result = await memory.probe(given)
      if (!result.available) return result
      const absent = result.absent.filter(({ id }) => id !== buildServiceCapability.id)
      return { ...result, absent, provides: [...result.provides, buildServiceCapability] }
    },
    register(scope, details) {
      memory.register(scope, details)
      scope.provide(buildServiceCapability, { connect, openSession })
    },
  }
  const scope = await createRuntimeHost({ plugins: [plugin], env: {} }).open({ runtime: 'memory' })
  onTestFinished(() => scope[Symbol.asyncDispose]())
  onTestFinished(() => daemon.close())
  return scope
}

const request = (rest: Partial<BuildRequest> = {}): BuildRequest => ({
  context: { files: { Dockerfile: 'FROM scratch\nCOPY . /\n' } },
  output: { type: 'cache-only' },
  ...rest,
})
const archive: Partial<BuildRequest> = { output: { type: 'archive', format: 'oci', to: new Writable() } }
const twoPlatforms: Partial<BuildRequest> = { platforms: ['linux/amd64', 'linux/arm64'] }

describe("a build on a runtime with the engine's own BuildKit", () => {
  it('uses it, and starts no sidecar', async () => {
    const scope = await open()
    const build = scope.resolve(BuildKitFeature).build(request({ output: { type: 'load', tags: ['app:1'] } }))
    const events: BuildProgressEvent[] = []
    for await (const event of build) events.push(event)
    expect(events[0]).toEqual({ type: 'builder', builder: 'build-service', version: 'v0.32.2', reasons: [] })
    expect(await build.result).toMatchObject({ builder: 'build-service', unsupportedFeatures: [] })
    expect(await scope.runtime.listContainers()).toEqual([])
  })

  it('opens its session on a connection of its own, or on the other one if the engine does not support that', async () => {
    let opened = 0
    for (const hasSessions of [true, false]) {
      const scope = await open({ hasSessions, onSession: () => (opened += 1) })
      expect(await scope.resolve(BuildKitFeature).build(request()).result).toMatchObject({ builder: 'build-service' })
    }
    expect(opened).toBe(1)
  })

  it('follows an export that is aborted to its end, because the engine completes it', async () => {
    const exporting = new EventEmitter()
    const scope = await open({ faults: [{ at: 'export', kind: 'wait', until: once(exporting, 'continue') }] })
    const controller = new AbortController()
    const output = { type: 'load', tags: ['app:1'] } as const
    const build = scope.resolve(BuildKitFeature).build(request({ output }), { signal: controller.signal })
    const exported: string[] = []
    for await (const event of build) {
      if (event.type !== 'status' || !event.isDone || !/^(exporting|writing|naming)/.test(event.id)) continue
      exported.push(event.id)
      controller.abort('enough')
      exporting.emit('continue')
    }
    await expect(build.result).rejects.toBe('enough')
    expect(exported).toEqual(
      ['exporting layers', /^writing image sha256:/, /^naming to .*app:1$/].map((id) => expect.stringMatching(id)),
    )
  })

  it('needs no networks', async () => {
    const scope = await open({ without: [networkManagerCapability] })
    const feature = scope.resolve(BuildKitFeature)
    expect(feature.support()).toMatchObject({ supported: true, missingOptional: [{ title: 'networks' }] })
    expect(toBuildKitSupport(scope.report)).toEqual(feature.support())
    expect(await feature.build(request()).result).toMatchObject({ builder: 'build-service' })
    await expect(feature.start()).rejects.toMatchObject({ code: 'CAPABILITY_MISSING' })
  })

  it('uses a sidecar, and reports the reason, when it does not support the request', async () => {
    const scope = await open()
    const build = scope.resolve(BuildKitFeature).build(request(twoPlatforms), { graceMs: 1 })
    const builders: BuildProgressEvent[] = []
    for await (const event of build) if (event.type === 'builder') builders.push(event)
    await build.result.catch(() => {}) // the fake daemon may not build for several platforms
    expect(builders).toMatchObject([
      { builder: 'sidecar', reasons: [expect.stringContaining('builds one platform at a time')] },
    ])
  })

  it("supports several platforms with containerd's image store", async () => {
    const scope = await open({ store: 'containerd' })
    const build = scope.resolve(BuildKitFeature).build(request(twoPlatforms), { builder: 'engine' })
    const builders: BuildProgressEvent[] = []
    for await (const event of build) if (event.type === 'builder') builders.push(event)
    await build.result.catch(() => {}) // the fake daemon may not build for several platforms
    expect(builders).toMatchObject([{ builder: 'build-service' }])
  })

  it('rejects with OPTION_UNSUPPORTED and the field when the caller requests it', async () => {
    const scope = await open()
    const { result } = scope.resolve(BuildKitFeature).build(request(archive), { builder: 'engine' })
    await expect(result).rejects.toMatchObject({ code: 'OPTION_UNSUPPORTED', facts: { field: 'output.format' } })
    expect(await scope.runtime.listContainers()).toEqual([])
  })

  it('rejects with OPTION_UNSUPPORTED and the field when no sidecar can be started either', async () => {
    const scope = await open({ without: [networkManagerCapability] })
    const { result } = scope.resolve(BuildKitFeature).build(request(archive))
    await expect(result).rejects.toMatchObject({ code: 'OPTION_UNSUPPORTED', facts: { field: 'output.format' } })
  })

  it('builds with host-gateway, which a sidecar rejects before it starts', async () => {
    const scope = await open()
    const given = request({ extraHosts: { machine: 'host-gateway' } })
    const feature = scope.resolve(BuildKitFeature)
    expect(await feature.build(given).result).toMatchObject({ builder: 'build-service' })
    const { result } = feature.build(given, { builder: 'sidecar' })
    const facts = { field: 'extraHosts' }
    await expect(result).rejects.toMatchObject({ code: 'OPTION_UNSUPPORTED', facts })
    expect(await scope.runtime.listContainers()).toEqual([])
  })

  it('uses a sidecar when the caller requests one, or the connection is refused', async () => {
    const chosen = (await open()).resolve(BuildKitFeature).build(request(), { builder: 'sidecar', graceMs: 1 })
    expect(await chosen.result).toMatchObject({ builder: 'sidecar' })
    const refused = (await open({ refuses: true })).resolve(BuildKitFeature).build(request(), { graceMs: 1 })
    expect(await refused.result).toMatchObject({ builder: 'sidecar' })
  })

  it('fails with BUILD_FAILED without another attempt when a step fails', async () => {
    const scope = await open()
    const context = { files: { Dockerfile: 'FROM scratch\nRUN exit 9\n' } }
    const { result } = scope.resolve(BuildKitFeature).build(request({ context }))
    await expect(result).rejects.toMatchObject({ code: 'BUILD_FAILED', facts: { exitCode: 9 } })
    expect(await scope.runtime.listContainers()).toEqual([])
  })

  it('rejects an unknown builder with INVALID_ARGUMENT', async () => {
    const scope = await open()
    const { result } = scope.resolve(BuildKitFeature).build(request(), { builder: 'docker' as 'engine' })
    await expect(result).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field: 'builder' } })
  })
})

describe("a build on a runtime without the engine's own BuildKit", () => {
  it('rejects with CAPABILITY_MISSING when the caller requests it', async () => {
    const plugins = [createSimulatedBuildKitPlugin()]
    await using scope = await createRuntimeHost({ plugins, env: {} }).open({ runtime: 'memory' })
    const { result } = scope.resolve(BuildKitFeature).build(request(), { builder: 'engine' })
    await expect(result).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      facts: { missing: [{ id: 'build-service' }] },
    })
  })
})
