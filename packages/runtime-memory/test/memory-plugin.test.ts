import { readFile } from 'node:fs/promises'
import {
  buildServiceCapability,
  createRuntimeHost,
  execManagerCapability,
  findCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { memoryPlugin, plugin } from '../src/index.js'
import { openMemory, openPlugin } from './support/open-memory.js'

describe('memoryPlugin', () => {
  it('provides every capability except BuildKit builds and cluster services, and reports that it is a simulation', async () => {
    await using host = createRuntimeHost({ plugins: [memoryPlugin()], env: {} })
    const [report] = await host.discover()
    const absent = [
      { id: 'build-service', reason: 'the simulation has no BuildKit' },
      { id: 'swarm-manager', reason: 'the simulation has no cluster' },
    ]
    expect(report).toMatchObject({ runtime: 'memory', selection: 'named', available: true, absent })
    const ids = report?.available === true ? report.provides.map(({ id }) => id) : []
    expect(ids.sort()).toEqual([
      'compose-manager',
      'container-control',
      'container-stats',
      'events',
      'exec-manager',
      'file-transfer',
      'firewall-manager',
      'image-builder',
      'image-manager',
      'image-transfer',
      'job-manager',
      'network-manager',
      'runtime',
      'sidecar-manager',
      'volume-manager',
    ])
    expect(report?.available === true && report.notes.join()).toContain('simulated')
  })

  it('lists BuildKit builds once as absent when `without` contains them', async () => {
    const plugins = [memoryPlugin({ without: [buildServiceCapability] })]
    const [report] = await createRuntimeHost({ plugins, env: {} }).discover()
    expect(report).toMatchObject({ absent: [{ reason: 'the simulation has no BuildKit' }, { id: 'swarm-manager' }] })
  })

  it('lists Compose projects as absent without networks or volumes, with the reason', async () => {
    const plugins = [memoryPlugin({ without: [volumeManagerCapability] })]
    const [report] = await createRuntimeHost({ plugins, env: {} }).discover()
    const absent = expect.arrayContaining([
      expect.objectContaining({ id: 'compose-manager', reason: expect.stringContaining('they need volumes') }),
    ])
    expect(report).toMatchObject({ absent })
  })

  it('is opened only by name', async () => {
    await using host = createRuntimeHost({ plugins: [memoryPlugin()], env: {} })
    await expect(host.open()).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    await expect(host.open({ runtime: 'memory' })).resolves.toMatchObject({ runtimeName: 'memory' })
  })

  it('does not support volume mounts without a volume manager', async () => {
    const plugins = [memoryPlugin({ without: [volumeManagerCapability] })]
    await using host = createRuntimeHost({ plugins, env: {} })
    const scope = await host.open({ runtime: 'memory' })
    const config = {
      image: 'busybox',
      name: 'user',
      mounts: [{ type: 'volume', source: 'data', target: '/data' }],
    } as const
    const unsupported = { code: 'OPTION_UNSUPPORTED', facts: { field: 'mounts.volume' } }
    await expect(scope.runtime.createContainer(config)).rejects.toMatchObject(unsupported)
    const sidecars = findCapability(scope, sidecarManagerCapability)
    await expect(sidecars?.startSidecar(config)).rejects.toMatchObject(unsupported)
    await expect(host.open({ runtime: 'memory', requiredOptions: ['mounts.volume'] })).rejects.toThrow()
    expect(await scope.runtime.listContainers()).toEqual([])
  })

  it('omits capabilities: absent with reason and remedy, and undefined in the scope', async () => {
    const without = [imageBuilderCapability, firewallManagerCapability, sidecarManagerCapability]
    await using host = createRuntimeHost({ plugins: [memoryPlugin({ without })], env: {} })
    const scope = await host.open({ runtime: 'memory' })
    expect(findCapability(scope, imageBuilderCapability)).toBeUndefined()
    expect(findCapability(scope, firewallManagerCapability)).toBeUndefined()
    expect(findCapability(scope, sidecarManagerCapability)).toBeUndefined()
    expect(findCapability(scope, execManagerCapability)).toBeDefined()
    expect(scope.report).toMatchObject({
      absent: [
        { id: 'build-service' },
        { id: 'swarm-manager' },
        {
          id: 'image-builder',
          title: 'image builds',
          reason: 'the option `without` of memoryPlugin() leaves out image builds',
        },
        { id: 'firewall-manager', title: 'egress firewalls' },
        { id: 'sidecar-manager', remedy: expect.stringContaining('without') },
      ],
    })
  })

  it('rejects a plugin without the runtime capability', () => {
    expect(() => memoryPlugin({ without: [runtimeCapability] })).toThrow('without')
  })

  it('has one state for each plugin value, and supports two names in one host', async () => {
    const plugins = [memoryPlugin({ name: 'one' }), memoryPlugin({ name: 'two' })]
    await using host = createRuntimeHost({ plugins, env: {} })
    const [one, two] = await Promise.all([host.open({ runtime: 'one' }), host.open({ runtime: 'two' })])
    await one.runtime.createContainer({ image: 'busybox', name: 'here' })
    expect([one.runtime.type, two.runtime.type]).toEqual(['one', 'two'])
    expect(await two.runtime.listContainers()).toEqual([])
    expect(await one.runtime.listContainers()).toHaveLength(1)
  })

  it('keeps containers, also running ones, while no runtime is open', async () => {
    const kept = memoryPlugin()
    const before = await openPlugin(kept)
    const id = await before.runtime.createContainer({ image: 'busybox', command: ['sleep', '100'] })
    await before.runtime.startContainer(id)
    await before[Symbol.asyncDispose]()
    await using after = await openPlugin(kept)
    expect(await after.runtime.containerState(id)).toBe('running')
    await after.runtime.removeContainer(id)
  })

  it('has an image with busybox commands, and the given images', async () => {
    await using memory = await openMemory({ images: { 'app:1': { main: async () => 0 } } })
    const tags = (await memory.runtime.listImages()).map((image) => image.tags)
    expect(tags).toEqual([['busybox:latest'], ['app:1']])
  })

  it('is found by loadPlugins with the version of its package', async () => {
    const { name, version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
    expect(plugin).toMatchObject({ name: 'memory', packageName: name, packageVersion: version })
  })

  it('rejects an aborted probe with its reason', async () => {
    const reason = new Error('enough')
    const probing = memoryPlugin().probe({ signal: AbortSignal.abort(reason), timeoutMs: 1000, env: {} })
    await expect(probing).rejects.toBe(reason)
  })
})

describe('unsupportedOptions', () => {
  it('rejects the fields that its report lists', async () => {
    await using memory = await openMemory({
      unsupportedOptions: ['privileged', 'network.aliases', 'logs.since', 'build.platform'],
    })
    const { builder, runtime, scope, sidecars, networks } = memory
    const unsupported = (field: string) => ({ code: 'OPTION_UNSUPPORTED', facts: { field } })
    const fields = scope.report.available ? scope.report.unsupportedOptions.map(({ field }) => field) : []
    expect(fields).toEqual(expect.arrayContaining(['privileged', 'network.aliases', 'logs.since', 'build.platform']))
    await expect(runtime.createContainer({ image: 'busybox', privileged: true })).rejects.toMatchObject(
      unsupported('privileged'),
    )
    const networkId = await networks.createNetwork('n')
    const sidecar = { name: 's', image: 'busybox', networks: [{ networkId, aliases: ['a'] }] }
    await expect(sidecars.startSidecar(sidecar)).rejects.toMatchObject(unsupported('network.aliases'))
    const id = await runtime.createContainer({ image: 'busybox' })
    await expect(runtime.containerLogs(id, { since: new Date() })).rejects.toMatchObject(unsupported('logs.since'))
    const platform = { platform: 'linux/arm64' }
    await expect(builder.buildImage('FROM scratch', 'x', platform)).rejects.toMatchObject(unsupported('build.platform'))
    expect((await runtime.listContainers()).map((container) => container.id)).toEqual([id])
  })

  it('always includes UDP ports and name servers of a build', async () => {
    await using memory = await openMemory()
    const ports = [{ containerPort: 53, protocol: 'udp' as const }]
    await expect(memory.runtime.createContainer({ image: 'busybox', ports })).rejects.toMatchObject({
      facts: { field: 'ports.udp' },
    })
    await expect(memory.builder.buildImage('FROM scratch', 'x', { dns: ['1.1.1.1'] })).rejects.toMatchObject({
      facts: { field: 'build.dns' },
    })
  })

  it('rejects attach and wait for containers that another runtime started', async () => {
    const shared = memoryPlugin({ unsupportedOptions: ['foreignContainers.output', 'foreignContainers.exitCode'] })
    await using first = await openPlugin(shared)
    await using second = await openPlugin(shared)
    const id = await first.runtime.createContainer({ image: 'busybox', command: ['sleep', '100'] })
    await first.runtime.startContainer(id)
    await expect(second.runtime.attach(id, {})).rejects.toMatchObject({ code: 'NOT_ATTACHABLE' })
    await expect(second.runtime.waitContainer(id)).rejects.toMatchObject({
      facts: { field: 'foreignContainers.exitCode' },
    })
    const own = first.runtime.attach(id, {})
    await first.runtime.removeContainer(id)
    await own
  })

  it('merges the streams of a log for logs.split', async () => {
    await using memory = await openMemory({ unsupportedOptions: ['logs.split'] })
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['sh', '-c', 'echo a; echo b >&2'] })
    await memory.runtime.startContainer(id)
    await memory.runtime.waitContainer(id)
    const sources: string[] = []
    for await (const { source } of await memory.runtime.containerLogs(id)) sources.push(source)
    expect(sources).toEqual(['combined', 'combined'])
    await expect(memory.runtime.containerLogs(id, { stderr: false })).rejects.toMatchObject({
      facts: { field: 'logs.split' },
    })
  })

  it('reports no host network for network.host', async () => {
    await using memory = await openMemory({ unsupportedOptions: ['network.host'] })
    expect(memory.runtime.supportsHostNetwork()).toBe(false)
  })
})

it.each([
  [{ logLimit: 4 }, 'logLimit'],
  [{ name: 5 }, 'name'],
  [{ without: 'networks' }, 'without'],
  [{ without: ['networks'] }, 'without[0]'],
  [{ cluster: {} }, 'cluster.nodes'],
  [{ cluster: { nodes: -1 } }, 'cluster.nodes'],
  [{ cluster: { nodes: [] } }, 'cluster.nodes'],
])('rejects %j with INVALID_ARGUMENT for %s', (options, field) => {
  const facts = expect.objectContaining({ field })
  expect(() => memoryPlugin(options as object)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', facts }))
})
