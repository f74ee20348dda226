import { type NetworkInfo, type NetworkManager, networkManagerCapability } from '@capstan/core'
import { parseSubnet } from '@capstan/core/plugin'
import { expect, expectDefined, expectEqual, toIds } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, runAttached, startContainer } from '../steps/containers.js'
import { createNetwork, createSubnetNetwork, expectDoesNotReach, expectReaches, onNetwork } from '../steps/networks.js'

export const networkCases: readonly ConformanceCase[] = defineCases(networkManagerCapability, {
  'NET-001': {
    title: 'createNetwork resolves with the id that listNetworks shows with the name',
    run: async (context) => {
      const networks = context.require(networkManagerCapability)
      const name = context.uniqueName('network')
      const id = await networks.createNetwork(name, { signal: context.signal })
      context.defer(name, (options) => networks.removeNetwork(id, options))
      const listed = await expectListed(context, id)
      expectEqual({ name: listed.name, internal: listed.internal }, { name, internal: false }, 'the entry')
    },
  },
  'NET-002': {
    title: 'createNetwork rejects with NAME_CONFLICT, the holder and sameOwner true when the name is taken',
    run: async (context) => {
      const networks = context.require(networkManagerCapability)
      const holderId = await createNetwork(context)
      const name = (await expectListed(context, holderId)).name
      const create = () => networks.createNetwork(name)
      await expectHostError('NAME_CONFLICT', create, { name, holderId, sameOwner: true })
      const namesakes = (await networks.listNetworks()).filter((listed) => listed.name === name)
      expectEqual(namesakes.length, 1, 'how many networks have the name')
    },
  },
  'NET-003': {
    title: 'createNetwork rejects with NAME_CONFLICT and sameOwner false when another owner has the name',
    run: async (context) => {
      const holderId = await createNetwork(context)
      const name = (await expectListed(context, holderId)).name
      const other = await openOther(context)
      await expectHostError('NAME_CONFLICT', () => other.createNetwork(name), { name, holderId, sameOwner: false })
    },
  },
  'NET-004': {
    title: 'a name can be used again after its network was removed',
    run: async (context) => {
      const networks = context.require(networkManagerCapability)
      const name = context.uniqueName('freed')
      await networks.removeNetwork(await networks.createNetwork(name))
      const second = await networks.createNetwork(name)
      await networks.removeNetwork(second)
      expectEqual(await context.listCreated(), [], 'the remaining resources')
    },
  },
  'NET-005': {
    title: 'removeNetwork removes a network and resolves when it was removed before',
    run: async (context) => {
      const networks = context.require(networkManagerCapability)
      const id = await createNetwork(context)
      await networks.removeNetwork(id)
      expectEqual(await findNetwork(context, id), undefined, 'its entry in the list')
      await networks.removeNetwork(id)
    },
  },
  'NET-006': {
    title: 'removeNetwork resolves when the network never existed',
    run: async (context) => await context.require(networkManagerCapability).removeNetwork(context.uniqueName('never')),
  },
  'NET-007': {
    title: 'two concurrent calls of removeNetwork both resolve',
    run: async (context) => {
      const networks = context.require(networkManagerCapability)
      const id = await createNetwork(context)
      await Promise.all([networks.removeNetwork(id), networks.removeNetwork(id)])
      expectEqual(await context.listCreated(), [], 'the remaining resources')
    },
  },
  'NET-008': {
    title:
      'removeNetwork rejects with IN_USE and the container when a container uses the network, and keeps the network',
    requiredOptions: ['network', 'name'],
    run: async (context) => {
      const networks = context.require(networkManagerCapability)
      const id = await createNetwork(context)
      const name = context.uniqueName('user')
      await startContainer(context, { ...onNetwork(id), name, command: context.programs.sleep(60) })
      const { facts } = await expectHostError('IN_USE', () => networks.removeNetwork(id))
      expectUser(facts.users, name)
      await expectListed(context, id)
    },
  },
  'NET-009': {
    title: 'removeNetwork resolves directly after the containers of the network were removed',
    requiredOptions: ['network'],
    run: async (context) => {
      const id = await createNetwork(context)
      const user = await startContainer(context, { ...onNetwork(id), command: context.programs.sleep(60) })
      await context.runtime.removeContainer(user)
      await context.require(networkManagerCapability).removeNetwork(id)
      expectEqual(await context.listCreated(), [], 'the remaining resources')
    },
  },
  'NET-010': {
    title: 'listNetworks returns labels, and only networks with all given labels',
    run: async (context) => {
      const networks = context.require(networkManagerCapability)
      const label = context.uniqueName('case')
      const labels = { 'conformance.case': label, 'conformance.kind': 'a' }
      const wanted = await createNetwork(context, { labels })
      await createNetwork(context, { labels: { 'conformance.case': label, 'conformance.kind': 'b' } })
      const listed = await networks.listNetworks({ labels })
      expectEqual(toIds(listed), [wanted], 'the ids')
      expectEqual(listed[0]?.labels['conformance.kind'], 'a', 'the label')
    },
  },
  'NET-011': {
    title: 'two containers on a network reach each other by alias',
    requiredOptions: ['network', 'network.aliases'],
    run: async (context) => {
      const networkId = await createNetwork(context)
      const command = context.programs.listen(8080, 'by alias')
      await startContainer(context, { ...onNetwork(networkId, 'server', 'second-name'), command })
      for (const host of ['server', 'second-name']) {
        await expectReaches(context, onNetwork(networkId), { host, port: 8080, line: 'by alias' })
      }
    },
  },
  'NET-012': {
    title: 'a container cannot reach a container on another network',
    requiredOptions: ['network', 'network.aliases'],
    run: async (context) => {
      const [inside, outside] = [await createNetwork(context), await createNetwork(context)]
      const command = context.programs.listen(8080, 'the server')
      await startContainer(context, { ...onNetwork(inside, 'server'), command })
      const peer = { host: 'server', port: 8080 }
      await expectReaches(context, onNetwork(inside), { ...peer, line: 'the server' })
      await expectDoesNotReach(context, onNetwork(outside), peer)
    },
  },
  'NET-013': {
    title: 'an internal network is listed as internal, and its containers reach each other',
    requiredOptions: ['network', 'network.aliases'],
    run: async (context) => {
      const networkId = await createNetwork(context, { internal: true })
      expectEqual((await findNetwork(context, networkId))?.internal, true, '"internal" in the list')
      const command = context.programs.listen(8080, 'inside')
      await startContainer(context, { ...onNetwork(networkId, 'server'), command })
      await expectReaches(context, onNetwork(networkId), { host: 'server', port: 8080, line: 'inside' })
    },
  },
  'NET-014': {
    title: 'a container is on its network after a restart',
    requiredOptions: ['network', 'network.aliases'],
    run: async (context) => {
      const networkId = await createNetwork(context)
      const command = context.programs.listen(8080, 'after the restart')
      const id = await startContainer(context, { ...onNetwork(networkId, 'server'), command })
      await context.runtime.stopContainer(id, { graceMs: 0 })
      await context.runtime.startContainer(id)
      await expectReaches(context, onNetwork(networkId), { host: 'server', port: 8080, line: 'after the restart' })
    },
  },
  'NET-015': {
    title: 'createContainer accepts the name of a network as well as its id',
    requiredOptions: ['network'],
    run: async (context) => {
      const id = await createNetwork(context)
      const { name } = await expectListed(context, id)
      const { exitCode } = await runAttached(context, { ...onNetwork(name), command: context.programs.exit(0) })
      expectEqual(exitCode, 0, 'the exit code')
    },
  },
  'NET-016': {
    title:
      'removeNetwork removes a network that only a created container uses, or rejects with IN_USE and that container',
    requiredOptions: ['network', 'name'],
    run: async (context) => {
      const networks = context.require(networkManagerCapability)
      const id = await createNetwork(context)
      const name = context.uniqueName('created')
      await createContainer(context, { ...onNetwork(id), name, command: context.programs.exit(0) })
      const removing = networks.removeNetwork(id).then(() => true)
      const removed = await removing.catch(async (error: unknown) => {
        const { facts } = await expectHostError('IN_USE', () => Promise.reject(error))
        expectUser(facts.users, name)
        return false
      })
      expectEqual((await findNetwork(context, id)) === undefined, removed, 'whether it is gone')
    },
  },
  'NET-017': {
    title: 'listNetworks includes networks of other owners',
    run: async (context) => {
      const id = await createNetwork(context)
      const ids = toIds(await (await openOther(context)).listNetworks({ signal: context.signal }))
      expect(ids.includes(id), 'the network of the other owner in the list', ids)
    },
  },
  'NET-018': {
    title: 'listNetworks and inspectNetwork show the chosen subnet and the first address of it as the gateway',
    requiredOptions: ['networks.subnets'],
    run: async (context) => {
      const { networkId, cidr, toAddress } = await createSubnetNetwork(context)
      const expected = [{ cidr, gateway: toAddress(1) }]
      expectEqual((await expectListed(context, networkId)).subnets, expected, 'the subnets in the list')
      const { members, subnets } = await context.require(networkManagerCapability).inspectNetwork(networkId)
      expectEqual({ members, subnets }, { members: [], subnets: expected }, 'the members and subnets')
    },
  },
  'NET-019': {
    title: 'createNetwork rejects with IN_USE and the network when a chosen subnet overlaps with one of that network',
    requiredOptions: ['networks.subnets'],
    run: async (context) => {
      const networks = context.require(networkManagerCapability)
      const { networkId, cidr, toAddress } = await createSubnetNetwork(context)
      const { name } = await expectListed(context, networkId)
      for (const overlapping of [cidr, `${toAddress(128)}/25`]) {
        const options = { subnets: [{ cidr: overlapping }] }
        const create = () => networks.createNetwork(context.uniqueName('overlapping'), options)
        const { facts } = await expectHostError('IN_USE', create)
        expectUser(facts.users, name)
      }
    },
  },
  'NET-020': {
    title: 'a container uses the chosen gateway of its network',
    requiredOptions: ['network', 'networks.subnets', 'networks.gateway'],
    run: async (context) => {
      const { networkId, toAddress } = await createSubnetNetwork(context, (subnet) => {
        return { subnets: [{ cidr: subnet.cidr, gateway: subnet.toAddress(99) }] }
      })
      expectEqual(
        (await expectListed(context, networkId)).subnets[0]?.gateway,
        toAddress(99),
        'the gateway in the list',
      )
      const id = await startContainer(context, { ...onNetwork(networkId), command: context.programs.sleep(60) })
      const [joined] = (await context.runtime.inspectContainer(id)).networks
      expectEqual(joined?.gateway, toAddress(99), 'the gateway of the container')
    },
  },
  'NET-021': {
    title: 'a network with ipv6 has an IPv6 subnet and an IPv4 subnet, and its containers have an address in each',
    requiredOptions: ['network', 'networks.ipv6'],
    run: async (context) => {
      const networkId = await createNetwork(context, { ipv6: true })
      const subnets = (await expectListed(context, networkId)).subnets.map(({ cidr }) => parseSubnet(cidr))
      const families = subnets.map((subnet) => subnet?.family).toSorted()
      expectEqual(families, ['ipv4', 'ipv6'], 'the address families of the subnets')
      const id = await startContainer(context, { ...onNetwork(networkId), command: context.programs.sleep(60) })
      const [joined] = (await context.runtime.inspectContainer(id)).networks
      const addresses = [joined?.ipAddress, joined?.ipv6Address]
      const isInside = addresses.every((address = '') => subnets.some((subnet) => subnet?.contains(address)))
      expect(isInside && joined?.ipAddress !== joined?.ipv6Address, 'an address in each subnet', joined)
    },
  },
  'NET-022': {
    title: 'inspectNetwork shows the entry of the list and the running members, and rejects with NETWORK_NOT_FOUND',
    requiredOptions: ['network', 'name'],
    run: async (context) => {
      const networks = context.require(networkManagerCapability)
      const networkId = await createNetwork(context)
      const name = context.uniqueName('member')
      const config = { ...onNetwork(networkId), command: context.programs.sleep(60) }
      await createContainer(context, config)
      const id = await startContainer(context, { ...config, name })
      const { members, ...info } = await networks.inspectNetwork(networkId)
      expectEqual(info, await expectListed(context, networkId), 'the entry')
      const [joined] = (await context.runtime.inspectContainer(id)).networks
      const { ipAddress, ipv6Address } = expectDefined(joined, 'a network of the container')
      expectEqual(members, [{ containerId: id, containerName: name, ipAddress, ipv6Address }], 'the members')
      await context.runtime.stopContainer(id, { graceMs: 0 })
      expectEqual((await networks.inspectNetwork(networkId)).members, [], 'the members after the exit')
      const unknown = context.uniqueName('unknown')
      await expectHostError('NETWORK_NOT_FOUND', () => networks.inspectNetwork(unknown), { id: unknown })
    },
  },
})

async function expectListed(context: CaseContext, id: string): Promise<NetworkInfo> {
  return expectDefined(await findNetwork(context, id), 'the network in the list')
}

async function findNetwork(context: CaseContext, id: string) {
  const listed = await context.require(networkManagerCapability).listNetworks({ signal: context.signal })
  return listed.find((network) => network.id === id)
}

function expectUser(users: readonly string[], name: string): void {
  const isUser = users.some((user) => user.includes(name))
  expect(isUser, `the container "${name}" among the users`, users)
}

async function openOther(context: CaseContext): Promise<NetworkManager> {
  return context.require(networkManagerCapability, await context.open())
}
