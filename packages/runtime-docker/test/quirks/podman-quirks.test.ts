import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntimeHost, type RuntimePlugin } from '@capstan/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { compatiblePlugin, parseEndpoint, podmanProduct } from '../../src/compatible.js'
import { openWait } from '../../src/containers/pending-exit.js'
import { DockerNetworkManager } from '../../src/docker-network-manager.js'
import { type FakeHandler, startFakeEngine } from '../fake/fake-docker-engine.js'
import type { FakeContainer } from '../fake/fake-engine-state.js'
import { inTurn, json, refusal, startScriptedEngine } from '../scripted-engine.js'
import { startRuntime } from '../start-runtime.js'

describe('Podman in the docker plugin and in a compatible plugin', () => {
  async function discover(info: object) {
    const { fake } = await startFakeEngine()
    fake.server = 'Libpod/4.3.1 (linux)'
    fake.override('GET /info', json(200, { ServerVersion: '4.3.1', ...info }))
    const candidate = parseEndpoint(`unix://${fake.socketPath}`, { source: 'here', tls: undefined })
    const find = () => ({ chosen: true, candidates: [candidate] })
    const plugin = compatiblePlugin({ name: 'podman', accepts: [podmanProduct], find })
    const host = createRuntimeHost({ plugins: [plugin as RuntimePlugin] })
    onTestFinished(() => host[Symbol.asyncDispose]())
    const [report] = await host.discover()
    return { host, report, fields: report?.available ? report.unsupportedOptions.map(({ field }) => field) : [] }
  }

  test('lists unsupported log options, and rejects them with OPTION_UNSUPPORTED', async () => {
    const { host, fields } = await discover({})
    expect(fields).toEqual(expect.arrayContaining(['logs.since', 'logs.timestamps']))
    const { runtime } = await host.open()
    await expect(runtime.containerLogs('c', { timestamps: true })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'logs.timestamps' },
    })
    await expect(runtime.containerLogs('c', { since: new Date() })).rejects.toMatchObject({
      facts: { field: 'logs.since' },
    })
  })

  test('does not support bind mounts on another machine, where the source cannot be checked', async () => {
    const { fields } = await discover({ Name: 'another machine' })
    expect(fields).toContain('mounts.bind')
  })
})

describe('an engine that misses exits', () => {
  const quirks = { missesExits: true }
  /** Accepts the wait, and never answers. */
  const silentWait: FakeHandler = (reply) => void reply.open({ Date: new Date().toUTCString() })

  async function startWaiting(answer: FakeHandler = silentWait) {
    const started = await startRuntime({ quirks })
    started.fake.override('POST /containers/*/wait', answer)
    const container = started.fake.state.createContainer('c', { Cmd: ['sleep'] })
    return { ...started, container, id: container.id }
  }

  test('gets the exit code from the inspection of the exited container', async () => {
    const { fake, runtime, container, id } = await startWaiting()
    const waiting = runtime.waitContainer(id)
    await expect.poll(() => fake.log().filter((line) => line.endsWith('/json'))).not.toHaveLength(0)
    container.start()
    container.exit(7)
    expect(await waiting).toBe(7)
  })

  test('ignores an earlier exit of the same container', async () => {
    const { fake, engine } = await startFakeEngine({ quirks })
    const ended = (FinishedAt: string, ExitCode: number) =>
      json(200, { Id: 'c1', State: { Status: 'exited', ExitCode, FinishedAt } })
    fake.override('POST /containers/*/wait', silentWait)
    fake.override('GET /containers/*/json', inTurn(ended('one', 1), ended('two', 2)))
    const call = { operation: 'waitContainer', subject: 'c1' }
    const { exitCode } = await openWait(engine, { call, condition: 'next-exit', endedBefore: 'one' })
    expect(await exitCode).toBe(2)
  })

  test('gets the exit code of a removed container from the events, or rejects with EXIT_CODE_UNKNOWN', async () => {
    for (const event of [{ Actor: { Attributes: { exitCode: '3' } } }, {}]) {
      const { fake, runtime, container, id } = await startWaiting()
      fake.override('GET /events', (reply) => reply.raw(200, `${JSON.stringify(event)}\n`))
      container.start()
      const waiting = runtime.waitContainer(id)
      await expect.poll(() => fake.log().filter((line) => line.endsWith('/json'))).not.toHaveLength(0)
      fake.state.containers.delete(id)
      if ('Actor' in event) expect(await waiting).toBe(3)
      else await expect(waiting).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN' })
    }
  })

  test('polls when the answer to the wait has no exit code', async () => {
    const failed = { StatusCode: -1, Error: { Message: 'no such container' } }
    const { runtime, container, id } = await startWaiting(json(200, failed))
    container.start()
    const waiting = runtime.waitContainer(id)
    setTimeout(() => container.exit(5), 50)
    expect(await waiting).toBe(5)
  })

  test('does not wait for the removal with autoRemove, which the engine answers with 0', async () => {
    const { fake, engine } = await startFakeEngine({ quirks })
    const { id } = fake.state.createContainer('c', { Cmd: ['sleep'] }) as FakeContainer
    const call = { operation: 'startAttached', subject: id }
    const { close } = await openWait(engine, { call, condition: 'removed' })
    close()
    expect(fake.requests[0]?.query.get('condition')).toBe('next-exit')
  })

  test('rejects with CONNECTION_LOST when the engine stops', async () => {
    const { fake, runtime, container, id } = await startWaiting()
    container.start()
    const waiting = runtime.waitContainer(id)
    await expect.poll(() => fake.log().filter((line) => line.endsWith('/json'))).not.toHaveLength(0)
    await fake.die()
    await expect(waiting).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })
})

test('rejects with IN_USE without a removal on an engine that removes the users of a network with it', async () => {
  const { engine, log } = await startScriptedEngine(
    [
      ['GET /networks/n1', json(200, { Id: 'n1', Containers: { c1: { Name: 'user' } } })],
      ['GET /containers/c1/json', json(200, { Id: 'c1', State: { Running: true } })],
    ],
    { quirks: { removesUsedNetworks: true } },
  )
  await expect(new DockerNetworkManager(engine).removeNetwork('n1')).rejects.toMatchObject({
    code: 'IN_USE',
    facts: { users: ['user'] },
  })
  expect(log().filter((line) => line.startsWith('DELETE'))).toEqual([])
})

test('rejects the missing source of a bind mount before an engine could create it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-binds-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const { fake, runtime } = await startRuntime({ quirks: { createsBindSources: true } })
  const create = (source: string) =>
    runtime.createContainer({ image: 'busybox:1', mounts: [{ type: 'bind', source, target: '/t' }] })
  await expect(create(join(directory, 'gone'))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    facts: { field: 'mounts[0].source' },
  })
  expect(fake.requests).toHaveLength(0)
  await expect(create(directory)).resolves.toMatch(/^[0-9a-f]{64}$/)
})

test('sends the address to an engine that does not support host-gateway', async () => {
  const { fake, runtime } = await startRuntime({ quirks: { lacksHostGateway: true } })
  fake.override('GET /networks/bridge', json(200, { Id: 'b', IPAM: { Config: [{ Gateway: '10.88.0.1' }] } }))
  const extraHosts = { machine: 'host-gateway', other: '10.0.0.9' }
  await runtime.createContainer({ image: 'busybox:1', extraHosts })
  const create = fake.requests.find(({ path }) => path === '/containers/create')
  expect(create?.json.HostConfig).toMatchObject({ ExtraHosts: ['machine:10.88.0.1', 'other:10.0.0.9'] })
})

test('rejects with NETWORK_NOT_FOUND for a missing second network, before host-gateway is replaced', async () => {
  const { fake, runtime } = await startRuntime({ quirks: { lacksHostGateway: true } })
  fake.override('GET /networks/internal', json(200, { Id: 'i', Name: 'internal', IPAM: { Config: [{}] } }))
  const networks = [{ networkId: 'internal' }, { networkId: 'missing' }] as const
  const config = {
    image: 'busybox:1',
    network: { mode: 'networks', networks },
    extraHosts: { h: 'host-gateway' },
  } as const
  await expect(runtime.createContainer(config)).rejects.toMatchObject({
    code: 'NETWORK_NOT_FOUND',
    facts: { id: 'missing' },
  })
})

test('sends null in env in UnsetEnv to an engine that needs it', async () => {
  const { fake, runtime } = await startRuntime({ quirks: { usesUnsetEnv: true } })
  await runtime.createContainer({ image: 'busybox:1', env: { A: '1', GONE: null, EMPTY: '' } })
  const create = fake.requests.find(({ path }) => path === '/containers/create')
  expect(create?.json).toMatchObject({ Env: ['A=1', 'EMPTY='], UnsetEnv: ['GONE'] })
})

test('rejects host-gateway when only a name of this host is known', async () => {
  const { engine } = await startFakeEngine()
  const facts = { ...engine.details.facts, location: 'virtual-machine' } as const
  const { runtime } = await startRuntime({ facts, quirks: { lacksHostGateway: true } })
  await expect(
    runtime.createContainer({ image: 'busybox:1', extraHosts: { machine: 'host-gateway' } }),
  ).rejects.toMatchObject({ code: 'OPTION_UNSUPPORTED', facts: { field: 'extraHosts' } })
})

test.each(['capAdd', 'capDrop'])(
  'names the field %s of an unknown capability that the engine names alone',
  async (field) => {
    const { fake, runtime } = await startRuntime()
    fake.override('POST /containers/create', refusal(500, 'container create: "CAP_NOSUCH": unknown capability'))
    await expect(runtime.createContainer({ image: 'busybox:1', [field]: ['nosuch'] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field, given: '"CAP_NOSUCH"' },
    })
  },
)

test('sends systempaths=unconfined unchanged to an engine that ignores empty lists of masked paths', async () => {
  const { fake, runtime } = await startRuntime({ quirks: { ignoresMaskedPaths: true } })
  const securityOptions = ['no-new-privileges', 'systempaths=unconfined']
  await runtime.createContainer({ image: 'busybox:1', securityOptions })
  const create = fake.requests.find(({ path }) => path === '/containers/create')
  expect(create?.json).toMatchObject({ HostConfig: { SecurityOpt: securityOptions } })
})

test('unpauses a paused container before it stops it on an engine that refuses to stop it', async () => {
  const { fake, runtime } = await startRuntime({ quirks: { keepsPaused: true } })
  const container = fake.state.createContainer('c', { Cmd: ['sleep'] })
  container.status = 'paused'
  fake.override('POST /containers/*/unpause', (reply) => {
    container.status = 'running'
    return reply.raw(204, '')
  })
  await runtime.stopContainer(container.id)
  const path = `/containers/${container.id}`
  expect(fake.log().filter((line) => line.startsWith('POST'))).toEqual([`POST ${path}/unpause`, `POST ${path}/stop`])
})

describe('an engine that sends SIGTERM at a removal by force', () => {
  test.each([
    ['running', ['KILL']],
    ['paused', []],
    ['created', []],
    ['exited', []],
  ] as const)('removes a container that is %s after the signals %j', async (status, signals) => {
    const { fake, runtime } = await startRuntime({ quirks: { removesGracefully: true } })
    const container = fake.state.createContainer('c', { Cmd: ['sleep'] })
    container.status = status
    await runtime.removeContainer(container.id)
    const kills = fake.requests.filter(({ path }) => path.endsWith('/kill'))
    expect(kills.map(({ query }) => query.get('signal'))).toEqual(signals)
    expect(fake.log().at(-1)).toBe(`DELETE /containers/${container.id}`)
    expect(fake.state.containers.size).toBe(0)
    await runtime.removeContainer(container.id)
  })

  test('removes a container that cannot be killed', async () => {
    const { fake, runtime } = await startRuntime({ quirks: { removesGracefully: true } })
    const { id } = fake.state.createContainer('c', { Cmd: ['sleep'] })
    await runtime.startContainer(id)
    fake.override('POST /containers/*/kill', refusal(500, 'out of order'))
    await runtime.removeContainer(id)
    expect(fake.state.containers.size).toBe(0)
  })
})

test('lists no network of a container in no network on an engine that lists bridge for it', async () => {
  const { fake, runtime } = await startRuntime({ quirks: { showsBridgeWithoutNetwork: true } })
  const container = fake.state.createContainer('c', {})
  container.networks = { bridge: { NetworkID: 'bridge', IPAddress: '' } } // Podman 5.8
  expect((await runtime.inspectContainer(container.id)).networks).toEqual([])
  container.networks = { bridge: { NetworkID: 'f'.repeat(64), IPAddress: '' } }
  expect((await runtime.inspectContainer(container.id)).networks).toMatchObject([{ networkName: 'bridge' }])
})
