import {
  containerControlCapability,
  execManagerCapability,
  firewallManagerCapability,
  networkManagerCapability,
} from '@capstan/core'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { eventually } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, startContainer } from '../steps/containers.js'
import { readExec, startExec } from '../steps/exec.js'
import { firewallPort, setupFirewall } from '../steps/firewall.js'
import { createNetwork, createSubnetNetwork, expectDoesNotReach, expectReaches, onNetwork } from '../steps/networks.js'

const connecting = {
  capability: networkManagerCapability,
  requiredOptions: ['network', 'network.several', 'networks.connect'],
} as const

export const networkConnectionCases: readonly ConformanceCase[] = [
  ...defineCases(connecting, {
    'NET-023': {
      title: 'connectContainer connects a running container, which is reachable by alias, until disconnectContainer',
      requiredOptions: ['network.aliases'],
      run: async (context) => {
        const networks = context.require(networkManagerCapability)
        const networkId = await createNetwork(context)
        const command = context.programs.listen(8080, 'connected')
        const id = await startContainer(context, { command })
        const before = await listNetworksOf(context, id)
        await networks.connectContainer(networkId, id, { aliases: ['server'], signal: context.signal })
        const joined = (await context.runtime.inspectContainer(id)).networks.find((one) => one.networkId === networkId)
        const { ipAddress, aliases } = expectDefined(joined, 'the network of the container')
        expect(ipAddress !== undefined && aliases.includes('server'), 'an address and the alias', joined)
        const peer = { host: 'server', port: 8080 }
        await expectReaches(context, onNetwork(networkId), { ...peer, line: 'connected' })
        await networks.disconnectContainer(networkId, id, { signal: context.signal })
        expectEqual(await listNetworksOf(context, id), before, 'the networks after disconnectContainer')
        await expectDoesNotReach(context, onNetwork(networkId), peer)
      },
    },
    'NET-024': {
      title: 'connectContainer of a created container applies to its starts, and disconnectContainer ends that',
      run: async (context) => {
        const networks = context.require(networkManagerCapability)
        const [first, second] = [await createNetwork(context), await createNetwork(context)]
        const id = await createContainer(context, { ...onNetwork(first), command: context.programs.sleep(60) })
        await networks.connectContainer(second, id)
        const both = [first, second].toSorted()
        for (const state of ['after the start', 'after a restart']) {
          await context.runtime.startContainer(id)
          expectEqual(await listNetworksOf(context, id), both, `the networks ${state}`)
          await context.runtime.stopContainer(id, { graceMs: 0 })
        }
        await networks.disconnectContainer(first, id)
        await context.runtime.startContainer(id)
        expectEqual(await listNetworksOf(context, id), [second], 'the networks after disconnectContainer and a start')
      },
    },
    'NET-025': {
      title:
        'connectContainer resolves for a connected container and rejects with INVALID_ARGUMENT for another alias; disconnectContainer resolves when there is no connection, container or network',
      requiredOptions: ['network.aliases'],
      run: async (context) => {
        const networks = context.require(networkManagerCapability)
        const networkId = await createNetwork(context)
        const id = await startContainer(context, { command: context.programs.sleep(60) })
        await Promise.all([networks.connectContainer(networkId, id), networks.connectContainer(networkId, id)])
        await networks.connectContainer(networkId, id)
        const rename = () => networks.connectContainer(networkId, id, { aliases: ['other'] })
        await expectHostError('INVALID_ARGUMENT', rename, { field: 'aliases' })
        await networks.disconnectContainer(networkId, id)
        await networks.disconnectContainer(networkId, id)
        await networks.disconnectContainer(context.uniqueName('unknown'), id)
        await networks.disconnectContainer(networkId, context.uniqueName('unknown'))
        await networks.disconnectContainer(networkId, context.uniqueName('unknown'), { force: true })
      },
    },
    'NET-026': {
      title: 'connectContainer rejects with NETWORK_NOT_FOUND and CONTAINER_NOT_FOUND',
      run: async (context) => {
        const networks = context.require(networkManagerCapability)
        const networkId = await createNetwork(context)
        const id = await createContainer(context, { command: context.programs.exit(0) })
        const unknown = context.uniqueName('unknown')
        await expectHostError('NETWORK_NOT_FOUND', () => networks.connectContainer(unknown, id), { id: unknown })
        await expectHostError('CONTAINER_NOT_FOUND', () => networks.connectContainer(networkId, unknown), {
          id: unknown,
        })
      },
    },
    'NET-027': {
      title:
        'connectContainer rejects with INVALID_ARGUMENT for a container without a network and for the network "none"',
      requiredOptions: ['network.none'],
      run: async (context) => {
        const networks = context.require(networkManagerCapability)
        const networkId = await createNetwork(context)
        const id = await startContainer(context, { network: { mode: 'none' }, command: context.programs.sleep(60) })
        const connect = () => networks.connectContainer(networkId, id)
        await expectHostError('INVALID_ARGUMENT', connect, { field: 'containerId' })
        expectEqual((await networks.inspectNetwork(networkId)).members, [], 'the members')
      },
    },
    'NET-033': {
      title:
        'connectContainer and disconnectContainer reject with NOT_RUNNING for a paused container, which keeps its networks',
      needs: [containerControlCapability],
      requiredOptions: ['container-control.pause'],
      run: async (context) => {
        const networks = context.require(networkManagerCapability)
        const networkId = await createNetwork(context)
        const id = await startContainer(context, { command: context.programs.sleep(60) })
        const before = await listNetworksOf(context, id)
        await context.require(containerControlCapability).pauseContainer(id)
        const paused = { state: 'paused' } as const
        await expectHostError('NOT_RUNNING', () => networks.connectContainer(networkId, id), paused)
        await expectHostError('NOT_RUNNING', () => networks.disconnectContainer('default', id), paused)
        expectEqual(await listNetworksOf(context, id), before, 'the networks')
      },
    },
    'NET-028': {
      title: 'connectContainer with ipAddress gives the container that address',
      requiredOptions: ['networks.subnets', 'network.ipAddress'],
      run: async (context) => {
        const networks = context.require(networkManagerCapability)
        const { networkId, toAddress } = await createSubnetNetwork(context)
        const id = await startContainer(context, { command: context.programs.sleep(60) })
        const before = await listNetworksOf(context, id)
        const connectTo = (ipAddress: string) => networks.connectContainer(networkId, id, { ipAddress })
        const outside = () => connectTo('192.0.2.7')
        await expectHostError('INVALID_ARGUMENT', outside, { field: 'ipAddress' })
        const holder = await startContainer(context, { command: context.programs.sleep(60) })
        await networks.connectContainer(networkId, holder, { ipAddress: toAddress(77) })
        const { name } = await context.runtime.inspectContainer(holder)
        await expectHostError('IN_USE', () => connectTo(toAddress(77)), { users: [name] })
        expectEqual(await listNetworksOf(context, id), before, 'the networks after the failures')
        await connectTo(toAddress(78))
        const { members } = await networks.inspectNetwork(networkId)
        const addresses = members.map(({ containerId, ipAddress }) => [containerId, ipAddress])
        expectEqual(
          new Map(addresses as [string, string][]),
          new Map([
            [id, toAddress(78)],
            [holder, toAddress(77)],
          ]),
          'the members',
        )
      },
    },
    'NET-029': {
      title: 'the default network is joined beside another one, connected and disconnected by the name "default"',
      run: async (context) => {
        const networks = context.require(networkManagerCapability)
        const networkId = await createNetwork(context)
        const { id: defaultId } = await networks.inspectNetwork('default')
        const both = [networkId, defaultId].toSorted()
        const network = { mode: 'networks', networks: [{ networkId }, { networkId: 'default' }] } as const
        const id = await startContainer(context, { network, command: context.programs.sleep(60) })
        expectEqual(await listNetworksOf(context, id), both, 'the networks')
        await networks.disconnectContainer('default', id)
        expectEqual(await listNetworksOf(context, id), [networkId], 'the networks after disconnectContainer')
        await networks.connectContainer('default', id)
        expectEqual(await listNetworksOf(context, id), both, 'the networks after connectContainer')
        const [given, omitted] = [{ networkId: 'default' }, {}]
        const addresses = [await context.runtime.getHostAddress(given), await context.runtime.getHostAddress(omitted)]
        expectEqual(addresses[0], addresses[1], 'the host address of "default"')
      },
    },
    'NET-030': {
      title: 'the firewall rules of a running container apply in a network to which it is connected later',
      needs: [firewallManagerCapability, execManagerCapability],
      timeLimitFactor: 2,
      run: async (context) => await expectRulesAfterConnection(context, { isStarted: true }),
    },
    'NET-031': {
      title: 'stored firewall rules apply in a network to which a created container is connected before its start',
      needs: [firewallManagerCapability, execManagerCapability],
      timeLimitFactor: 2,
      run: async (context) => await expectRulesAfterConnection(context, { isStarted: false }),
    },
  }),
  ...defineCases(
    { capability: networkManagerCapability, requiredOptions: ['network', 'networks.subnets', 'network.ipAddress'] },
    {
      'NET-032': {
        title: 'a container has its fixed address at each start, and another one with that address rejects with IN_USE',
        run: async (context) => {
          const { networkId, toAddress } = await createSubnetNetwork(context)
          const network = { mode: 'networks', networks: [{ networkId, ipAddress: toAddress(50) }] } as const
          const command = context.programs.sleep(60)
          const id = await createContainer(context, { network, command })
          for (const state of ['after the start', 'after a restart']) {
            await context.runtime.startContainer(id)
            const [joined] = (await context.runtime.inspectContainer(id)).networks
            expectEqual(joined?.ipAddress, toAddress(50), `the address ${state}`)
            if (state === 'after the start') await context.runtime.stopContainer(id, { graceMs: 0 })
          }
          await expectHostError('IN_USE', () => startContainer(context, { network, command }))
          const outside = { mode: 'networks', networks: [{ networkId, ipAddress: '192.0.2.7' }] } as const
          const create = () => createContainer(context, { network: outside, command })
          await expectHostError('INVALID_ARGUMENT', create, { field: 'network.networks[0].ipAddress' })
        },
      },
    },
  ),
]

/** Connects a container that has firewall rules to the network of a peer, and fails if it reaches the peer. */
async function expectRulesAfterConnection(
  context: CaseContext,
  { isStarted }: { readonly isStarted: boolean },
): Promise<void> {
  const { programs, firewallImage: image, runtime } = context
  const networks = context.require(networkManagerCapability)
  const [first, second] = [await createNetwork(context), await createNetwork(context)]
  const peerId = await startContainer(context, {
    ...onNetwork(second),
    command: programs.listen(firewallPort, 'the peer'),
  })
  const host = expectDefined((await runtime.inspectContainer(peerId)).networks[0]?.ipAddress, 'the address of the peer')
  await expectReaches(context, onNetwork(second), { host, port: firewallPort, line: 'the peer' })
  const config = { ...onNetwork(first), image, command: programs.sleep(120) }
  const id = isStarted ? await startContainer(context, config) : await createContainer(context, config)
  await setupFirewall(context, id, { proxyHost: '192.0.2.1', proxyPort: firewallPort })
  await networks.connectContainer(second, id)
  if (!isStarted) await runtime.startContainer(id)
  expectEqual(await listNetworksOf(context, id), [first, second].toSorted(), 'the networks')
  const connect = async () =>
    (await readExec(await startExec(context, id, programs.connect(host, firewallPort), { stdin: false }))).stdout
  expectEqual(await connect(), '', 'the data received from the peer, which must be unreachable')
  await setupFirewall(context, id, { proxyHost: host, proxyPort: firewallPort })
  const answer = await eventually('an answer of the peer as the proxy', async () => (await connect()) || undefined)
  expectEqual(answer.trim(), 'the peer', 'the data received from the peer')
}

/** The ids of the networks of a container, sorted. */
async function listNetworksOf({ runtime, signal }: CaseContext, id: string): Promise<readonly string[]> {
  return (await runtime.inspectContainer(id, { signal })).networks.map(({ networkId }) => networkId).toSorted()
}
