import { type NetworkInfo, type NetworkManager, networkManagerCapability } from '@capstan/core'
import { expect, expectDefined, expectEqual, toIds } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, runAttached, startContainer } from '../steps/containers.js'
import { createNetwork, expectDoesNotReach, expectReaches, onNetwork } from '../steps/networks.js'

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
