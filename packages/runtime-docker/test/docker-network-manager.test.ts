import { createHostError } from '@capstan/core/plugin'
import { expect, test } from 'vitest'
import { DockerNetworkManager } from '../src/docker-network-manager.js'
import type { DockerEngine } from '../src/engine/docker-engine.js'
import type { FakeHandler } from './fake/fake-docker-engine.js'
import { empty, inTurn, json, refusal, silence, startScriptedEngine } from './scripted-engine.js'

const made = json(201, { Id: 'n1' })
const none = json(200, [])

test('sends a create for a bridge network with a check for duplicates', async () => {
  const { engine, seen } = await startScriptedEngine([
    ['POST /networks/create', made],
    ['GET /networks', none],
  ])
  expect(await new DockerNetworkManager(engine).createNetwork('net', { internal: true, labels: { a: 'b' } })).toBe('n1')
  expect(seen[0]?.json).toMatchObject({
    Name: 'net',
    Driver: 'bridge',
    Internal: true,
    CheckDuplicate: true,
    Labels: { a: 'b', 'capstan.lifetime': 'owner', 'capstan.object': 'network' },
  })
})

test('sends the chosen subnets with their gateways, and a random one for IPv6', async () => {
  const { engine, seen } = await startScriptedEngine([
    ['POST /networks/create', made],
    ['GET /networks', none],
  ])
  const networks = new DockerNetworkManager(engine)
  await networks.createNetwork('net', { subnets: [{ cidr: '10.20.0.0/24' }], ipv6: true })
  const IPv6 = { Subnet: expect.stringMatching(/^fd.*::\/64$/), Gateway: expect.stringMatching(/^fd.*::1$/) }
  const IPv4 = { Subnet: '10.20.0.0/24', Gateway: '10.20.0.1' }
  expect(seen[0]?.json).toMatchObject({ EnableIPv6: true, IPAM: { Driver: 'default', Config: [IPv4, IPv6] } })
})

test('rejects with IN_USE, the subnet and the networks that use it', async () => {
  const subnets = [{ cidr: '10.20.0.0/24' }, { cidr: 'fd00::/64' }]
  const used = [
    { Id: 'n2', Name: 'taken', IPAM: { Config: [{ Subnet: '10.20.0.128/25' }] } },
    { Id: 'n3', Name: 'other', IPAM: { Config: [{ Subnet: '10.21.0.0/24' }] } },
  ]
  const texts = ['Pool overlaps with other one on this address space', 'subnet x is already used on the host']
  for (const [status, text] of [[403, texts[0] ?? ''] as const, [500, `${texts[1]} or by another config`] as const]) {
    const { engine } = await startScriptedEngine([
      ['POST /networks/create', refusal(status, text)],
      ['GET /networks', json(200, used)],
    ])
    await expect(new DockerNetworkManager(engine).createNetwork('net', { subnets })).rejects.toMatchObject({
      code: 'IN_USE',
      facts: { subject: 'subnet "10.20.0.0/24"', users: ['taken'] },
    })
  }
})

test('looks for a network of the same name only when the engine allows duplicates', async () => {
  const api = { version: '1.44', newest: '1.44', oldest: '1.24', pinned: false }
  const { engine, log } = await startScriptedEngine([['POST /networks/create', made]], { api })
  await new DockerNetworkManager(engine).createNetwork('net')
  expect(log()).toEqual(['POST /networks/create'])
})

test('removes its own network when another one of the same name exists', async () => {
  const own = { Id: 'n1', Name: 'net' }
  const other = { Id: 'n2', Name: 'net', Labels: { 'capstan.owner.instance': 'other' } }
  const { engine, log } = await startScriptedEngine([
    ['POST /networks/create', made],
    ['GET /networks', inTurn(json(200, [own, other]), json(200, [own]), json(200, [other]))],
    ['DELETE /networks/n1', empty()],
  ])
  await expect(new DockerNetworkManager(engine).createNetwork('net')).rejects.toMatchObject({
    code: 'NAME_CONFLICT',
    facts: { name: 'net', holderId: 'n2', sameOwner: false },
  })
  expect(log()).toContain('DELETE /networks/n1')
})

test('rejects with INVALID_ARGUMENT for a name that Podman reserves', async () => {
  const text = 'cannot create network with name "host" because it conflicts with a valid network mode'
  const { engine } = await startScriptedEngine([
    ['POST /networks/create', refusal(500, text)],
    ['GET /networks', none],
  ])
  await expect(new DockerNetworkManager(engine).createNetwork('host')).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    facts: { field: 'name', given: '"host"' },
  })
})

test('removes the network when the check for duplicates fails, and rejects with that failure', async () => {
  const { engine, log } = await startScriptedEngine([
    ['POST /networks/create', made],
    ['GET /networks', inTurn(refusal(500, 'not now'), json(200, [{ Id: 'n1', Name: 'net' }]))],
    ['DELETE /networks/n1', empty()],
  ])
  await expect(new DockerNetworkManager(engine).createNetwork('net')).rejects.toMatchObject({
    code: 'OPERATION_FAILED',
    facts: { reason: 'not now' },
    undoFailures: [],
  })
  expect(log().at(-1)).toBe('DELETE /networks/n1')
})

test('tries again when all networks of the same name were removed', async () => {
  const own = { Id: 'n1', Name: 'net' }
  const { engine, log } = await startScriptedEngine([
    ['POST /networks/create', inTurn(made, json(201, { Id: 'n3' }))],
    ['GET /networks', inTurn(json(200, [own, { Id: 'n2', Name: 'net' }]), json(200, [own]), none)],
    ['DELETE /networks/n1', empty()],
  ])
  expect(await new DockerNetworkManager(engine).createNetwork('net')).toBe('n3')
  expect(log().filter((line) => line === 'POST /networks/create')).toHaveLength(2)
})

test.for([
  [500, 'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network'],
  [404, 'all predefined address pools have been fully subnetted'],
] as const)(
  'lists the networks of Capstan and a remedy when no address pool is left, status %i',
  async ([status, text]) => {
    const { engine } = await startScriptedEngine([
      ['POST /networks/create', refusal(status, text)],
      [
        'GET /networks',
        json(200, [
          { Id: '1', Name: 'left-1' },
          { Id: '2', Name: 'left-2' },
        ]),
      ],
    ])
    await expect(new DockerNetworkManager(engine).createNetwork('net')).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: {
        reason: expect.stringMatching(/left-1, left-2$/),
        remedy: 'remove networks, or run a sweep, which removes those of processes that no longer run',
      },
    })
  },
)

test.for([
  ['incomplete', ((reply) => reply.destroy()) satisfies FakeHandler, 'CONNECTION_LOST'],
  ['not JSON', ((reply) => reply.raw(201, '<html>')) satisfies FakeHandler, 'PROTOCOL_ERROR'],
] as const)('removes the created network when the answer is %s', async ([, answer, code]) => {
  const { engine, log, seen } = await startScriptedEngine([
    ['POST /networks/create', answer],
    ['GET /networks', inTurn(none, json(200, [{ Id: 'n1', Name: 'net' }]))],
    ['DELETE /networks/n1', empty()],
  ])
  await expect(new DockerNetworkManager(engine).createNetwork('net')).rejects.toMatchObject({ code })
  expect(log().at(-1)).toBe('DELETE /networks/n1')
  const filter = JSON.parse(seen.at(-2)?.query.get('filters') ?? '')
  const labels = seen[0]?.json.Labels as Readonly<Record<string, string>> // as this test's engine was sent them
  expect(filter.label).toEqual([`capstan.request=${labels['capstan.request']}`])
})

test('sends no request after an abort, and removes a network that the engine creates after an abort', async () => {
  const reason = new Error('enough')
  const abort = new AbortController()
  const { engine, log } = await startScriptedEngine([
    [
      'POST /networks/create',
      (reply, request) => {
        silence(reply, request)
        abort.abort(reason)
      },
    ],
    ['GET /networks', inTurn(none, none, json(200, [{ Id: 'n1', Name: 'net' }]))],
    ['DELETE /networks/n1', empty()],
  ])
  const networks = new DockerNetworkManager(engine)
  await expect(networks.createNetwork('net', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  expect(log()).toEqual([])
  await expect(networks.createNetwork('net', abort)).rejects.toBe(reason)
  expect(log().at(-1)).toBe('DELETE /networks/n1')
})

test('close removes the network of a create in progress before it resolves', async () => {
  let closed: Promise<void> | undefined
  const { engine, log } = await startScriptedEngine([
    [
      'POST /networks/create',
      () => {
        closed = engine.close()
      },
    ],
    ['GET /networks', json(200, [{ Id: 'n1', Name: 'net' }])],
    ['DELETE /networks/n1', empty()],
  ])
  await expect(new DockerNetworkManager(engine).createNetwork('net')).rejects.toMatchObject({
    code: 'RUNTIME_UNAVAILABLE',
  })
  await closed
  expect(log().at(-1)).toBe('DELETE /networks/n1')
  await expect(new DockerNetworkManager(engine).createNetwork('net')).rejects.toMatchObject({
    code: 'RUNTIME_UNAVAILABLE',
    undoFailures: [],
  })
})

test('resolves with the network that the engine created after the time limit', async () => {
  const timedOut = createHostError('TIMED_OUT', { operation: 'x', phase: undefined, timeoutMs: 1, lastLines: [] })
  const { engine } = await startScriptedEngine([['GET /networks', json(200, [{ Id: 'n1', Name: 'net' }])]])
  // HttpEngine has private members, so the stub has its own methods.
  const slow: DockerEngine = new Proxy<DockerEngine>(engine, {
    get(target, property) {
      if (property === 'api') return createSlowApi
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  async function createSlowApi(call: Parameters<DockerEngine['api']>[0]) {
    const api = await engine.api(call)
    return Object.create(api, { createNetwork: { value: () => Promise.reject(timedOut) } })
  }
  expect(await new DockerNetworkManager(slow).createNetwork('net')).toBe('n1')
})

test('waits for the endpoint of an exited container, and not for that of a running one', async () => {
  const inUse = refusal(403, 'error while removing network: network net id n1 has active endpoints')
  const network = json(200, { Id: 'n1', Containers: { c1: { Name: 'user' } } })
  const state = (Running: boolean) => json(200, { Id: 'c1', State: { Running } })
  const ending = await startScriptedEngine([
    ['DELETE /networks/n1', inTurn(inUse, inUse, empty())],
    ['GET /networks/n1', network],
    ['GET /containers/c1/json', inTurn(state(false), refusal(404, 'No such container: c1'))],
  ])
  await new DockerNetworkManager(ending.engine).removeNetwork('n1')
  const running = await startScriptedEngine([
    ['DELETE /networks/n1', inUse],
    ['GET /networks/n1', network],
    ['GET /containers/c1/json', state(true)],
  ])
  await expect(new DockerNetworkManager(running.engine).removeNetwork('n1')).rejects.toMatchObject({
    code: 'IN_USE',
    facts: { users: ['user'] },
  })
})

test('rejects invalid names, ids and labels before any request', async () => {
  const { engine, log } = await startScriptedEngine([])
  const networks = new DockerNetworkManager(engine)
  const wrong = [
    networks.createNetwork('-x'),
    networks.createNetwork('a\nb'),
    networks.createNetwork('net', { labels: { 'capstan.owner.pid': '1' } }),
    networks.removeNetwork('../containers/x'),
    networks.removeNetwork(''),
  ]
  for (const call of wrong) await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(log()).toEqual([])
})
