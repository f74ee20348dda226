import { describe, expect, test } from 'vitest'
import { DockerNetworkManager } from '../../src/docker-network-manager.js'
import { empty, inTurn, json, refusal, startScriptedEngine } from '../scripted-engine.js'

const network = {
  Id: 'n1',
  Name: 'inside',
  IPAM: { Config: [{ Subnet: '10.20.0.0/24', Gateway: '10.20.0.1' }] },
  Containers: { other: { Name: 'other', IPv4Address: '10.20.0.7/24' } },
}
const attached = { NetworkID: 'n1', IPAddress: '10.20.0.5', Aliases: ['db', 'c1'] }
const stored = { NetworkID: '', IPAddress: '', IPAMConfig: { IPv4Address: '10.20.0.9' } }

/** The inspection of a running container that is also in these networks. */
function container(networks: object = {}, state: object = {}, mode = 'default') {
  return {
    Id: 'c1',
    Name: '/web',
    State: { Status: 'running', Running: true, ...state },
    HostConfig: { NetworkMode: mode },
    NetworkSettings: { Networks: { bridge: { NetworkID: 'b1', IPAddress: '172.17.0.2' }, ...networks } },
  }
}

const inspectNetwork = ['GET /networks/inside', json(200, network)] as const
const inspectContainer = (...answers: readonly object[]) =>
  ['GET /containers/c1/json', inTurn(...answers.map((answer) => json(200, answer)))] as const

async function open(...routes: Parameters<typeof startScriptedEngine>[0]) {
  const scripted = await startScriptedEngine(routes)
  const sent = (path: string) => scripted.seen.filter((request) => request.path.startsWith(path)).map((one) => one.json)
  return { ...scripted, sent, networks: new DockerNetworkManager(scripted.engine) }
}

describe('connectContainer', () => {
  test('sends the aliases and the address', async () => {
    const { networks, sent } = await open(
      inspectNetwork,
      inspectContainer(container()),
      ['GET /networks/n1', json(200, network)],
      ['GET /containers/json', json(200, [])],
      ['POST /networks/n1/connect', empty()],
    )
    await networks.connectContainer('inside', 'c1', { aliases: ['db'], ipAddress: '10.20.0.9' })
    const settings = { Aliases: ['db'], IPAMConfig: { IPv4Address: '10.20.0.9' } }
    expect(sent('/networks/n1/connect')).toEqual([{ Container: 'c1', EndpointConfig: settings }])
  })

  test('sends nothing when the container is connected with these settings, and rejects for others', async () => {
    const { networks, sent } = await open(inspectNetwork, inspectContainer(container({ inside: attached })))
    await networks.connectContainer('inside', 'c1')
    await networks.connectContainer('inside', 'c1', { aliases: ['db'], ipAddress: '10.20.0.5' })
    for (const options of [{ aliases: ['web'] }, { ipAddress: '10.20.0.6' }]) {
      const field = Object.keys(options)[0]
      await expect(networks.connectContainer('inside', 'c1', options)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        facts: { field },
      })
    }
    expect(sent('/networks/n1/connect')).toEqual([])
  })

  test('connects a running container whose connection the engine has only stored', async () => {
    const { networks, sent } = await open(inspectNetwork, inspectContainer(container({ inside: stored })), [
      'POST /networks/n1/connect',
      empty(),
    ])
    await networks.connectContainer('inside', 'c1')
    expect(sent('/networks/n1/connect')).toHaveLength(1)
  })

  test('resolves when another client has connected the container meanwhile', async () => {
    const refused = refusal(403, 'endpoint with name web already exists in network inside')
    const { networks, sent } = await open(
      inspectNetwork,
      inspectContainer(container(), container({ inside: attached })),
      ['POST /networks/n1/connect', refused],
    )
    await networks.connectContainer('inside', 'c1')
    expect(sent('/networks/n1/disconnect')).toEqual([])
  })

  test('rejects with IN_USE and the holder of the address, and sends nothing', async () => {
    const listed = { Id: 'other', Names: ['/other'] }
    const { networks, sent } = await open(
      inspectNetwork,
      inspectContainer(container()),
      ['GET /networks/n1', json(200, network)],
      ['GET /containers/json', json(200, [listed])],
    )
    for (const [ipAddress, users] of [['10.20.0.7', ['other']] as const, ['10.20.0.1', []] as const]) {
      await expect(networks.connectContainer('inside', 'c1', { ipAddress })).rejects.toMatchObject({
        code: 'IN_USE',
        facts: { subject: `address "${ipAddress}"`, users },
      })
    }
    expect(sent('/networks/n1/connect')).toEqual([])
  })

  test('removes a connection that Docker 20.10 has stored and could not set up', async () => {
    const notConnected = refusal(500, 'container c1 is not connected to network inside')
    const { networks, sent } = await open(
      inspectNetwork,
      inspectContainer(container(), container({ inside: stored })),
      ['POST /networks/n1/connect', inTurn(refusal(500, 'failed to set up the network'), empty())],
      ['POST /networks/n1/disconnect', inTurn(notConnected, empty())],
    )
    const failure = { code: 'OPERATION_FAILED', undoFailures: [] }
    await expect(networks.connectContainer('inside', 'c1', { aliases: ['db'] })).rejects.toMatchObject(failure)
    expect(sent('/networks/n1/connect').at(-1)).toEqual({ Container: 'c1' })
    expect(sent('/networks/n1/disconnect')).toHaveLength(2)
  })

  test('ignores the failure of Podman 4.3 to remove a stored connection that it has removed', async () => {
    const { networks, sent } = await open(
      inspectNetwork,
      inspectContainer(container()),
      ['POST /networks/n1/connect', refusal(500, 'IPAM error: no free address')],
      ['POST /networks/n1/disconnect', refusal(500, 'netavark: failed to delete container veth eth1')],
    )
    const failure = { code: 'OPERATION_FAILED', undoFailures: [] }
    await expect(networks.connectContainer('inside', 'c1')).rejects.toMatchObject(failure)
    expect(sent('/networks/n1/disconnect')).toEqual([{ Container: 'c1', Force: true }])
  })

  test('rejects for a paused container and for one that has no networks of its own, and sends nothing', async () => {
    const cases = [
      [container({}, { Status: 'paused' }), { code: 'NOT_RUNNING', facts: { state: 'paused' } }],
      ...['host', 'none', 'container:c2'].map((mode) => {
        return [container({}, {}, mode), { code: 'INVALID_ARGUMENT', facts: { field: 'containerId' } }] as const
      }),
    ] as const
    for (const [inspected, failure] of cases) {
      const { networks, sent } = await open(inspectNetwork, inspectContainer(inspected))
      await expect(networks.connectContainer('inside', 'c1')).rejects.toMatchObject(failure)
      expect(sent('/networks/n1/connect')).toEqual([])
    }
  })

  test('rejects for the network of the host and for aliases on the default network', async () => {
    const { networks } = await open(
      ['GET /networks/h', json(200, { Id: 'h', Name: 'host' })],
      ['GET /networks/bridge', json(200, { Id: 'b1', Name: 'bridge' })],
    )
    await expect(networks.connectContainer('h', 'c1')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'networkId' },
    })
    await expect(networks.connectContainer('default', 'c1', { aliases: ['db'] })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'network.aliases' },
    })
  })

  test('refuses to connect a running container with firewall rules and without IPv6 to a network with IPv6', async () => {
    const withIPv6 = { ...network, IPAM: { Config: [{ Subnet: 'fd00::/64' }] } }
    const { engine, networks, sent } = await open(
      ['GET /networks/inside', json(200, withIPv6)],
      inspectContainer(container()),
    )
    engine.containers.settings.add('c1', 'web', { rules: { proxyHost: '10.0.0.1', proxyPort: 3128 } })
    await expect(networks.connectContainer('inside', 'c1')).rejects.toMatchObject({
      code: 'FIREWALL_FAILED',
      facts: { id: 'c1', containment: 'unchanged' },
    })
    expect(sent('/networks/n1/connect')).toEqual([])
  })

  test('keeps the networks of a created container for its start under firewall rules', async () => {
    const created = container({}, { Status: 'created', Running: false })
    const { engine, networks } = await open(
      inspectNetwork,
      inspectContainer(created, created, container({ inside: stored }, { Status: 'created', Running: false })),
      ['POST /networks/n1/connect', empty()],
      ['POST /networks/n1/disconnect', empty()],
      ['GET /networks/bridge', json(200, { Id: 'b1', Name: 'bridge' })],
      ['POST /networks/b1/disconnect', empty()],
    )
    const request = { body: { HostConfig: {} }, platform: undefined, laterNetworks: [] }
    engine.containers.addCreated('c1', { name: 'web', request })
    await networks.connectContainer('inside', 'c1', { aliases: ['db'] })
    const join = { networkId: 'n1', aliases: ['db'] }
    expect(engine.containers.findCreated('c1')).toMatchObject({ laterNetworks: [join], leftNetworks: [] })
    await networks.disconnectContainer('default', 'c1')
    expect(engine.containers.findCreated('c1')).toMatchObject({ laterNetworks: [join], leftNetworks: ['b1'] })
    await networks.disconnectContainer('inside', 'c1')
    expect(engine.containers.findCreated('c1')).toMatchObject({ laterNetworks: [], leftNetworks: ['b1'] })
  })
})

describe('disconnectContainer', () => {
  test('resolves without a request when there is no connection, container or network', async () => {
    const { networks, sent } = await open(
      inspectNetwork,
      inspectContainer(container()),
      ['GET /networks/no', refusal(404, 'network no not found')],
      ['GET /containers/no/json', refusal(404, 'No such container: no')],
    )
    for (const [networkId, id] of [['inside', 'c1'] as const, ['no', 'c1'] as const, ['inside', 'no'] as const])
      await networks.disconnectContainer(networkId, id)
    expect(sent('/networks/n1/disconnect')).toEqual([])
  })

  test('asks the engine to disconnect a container that it does not know any more only with force', async () => {
    const { networks, sent } = await open(
      inspectNetwork,
      ['GET /containers/gone/json', refusal(404, 'No such container: gone')],
      ['POST /networks/n1/disconnect', refusal(404, 'endpoint gone not found')],
    )
    await networks.disconnectContainer('inside', 'gone', { force: true })
    expect(sent('/networks/n1/disconnect')).toEqual([{ Container: 'gone', Force: true }])
  })

  test('resolves when another client has disconnected the container meanwhile', async () => {
    const { networks } = await open(inspectNetwork, inspectContainer(container({ inside: attached })), [
      'POST /networks/n1/disconnect',
      refusal(500, 'container c1 is not connected to network inside'),
    ])
    await networks.disconnectContainer('inside', 'c1')
  })
})

describe('inspectNetwork', () => {
  test('names the container of a sandbox in place of the sandbox, and lists running containers only', async () => {
    const Containers = {
      s1: { Name: 'sandbox', IPv4Address: '10.20.0.8/24', IPv6Address: 'fd00::8/64' },
      gone: { Name: 'gone', IPv4Address: '10.20.0.9/24' },
    }
    const listed = [
      { Id: 's1', Names: ['/sandbox'], Labels: { 'capstan.firewall.sandbox-of': 'c1' } },
      { Id: 'c1', Names: ['/web'] },
    ]
    const { networks } = await open(
      ['GET /networks/inside', json(200, { ...network, Containers })],
      ['GET /containers/json', json(200, listed)],
    )
    expect(await networks.inspectNetwork('inside')).toEqual({
      id: 'n1',
      name: 'inside',
      internal: false,
      labels: {},
      subnets: [{ cidr: '10.20.0.0/24', gateway: '10.20.0.1' }],
      members: [{ containerId: 'c1', containerName: 'web', ipAddress: '10.20.0.8', ipv6Address: 'fd00::8' }],
    })
  })
})
