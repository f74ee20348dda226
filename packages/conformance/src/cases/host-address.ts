import { networkManagerCapability, runtimeCapability } from '@capstan/core'
import { expect } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { startContainer } from '../steps/containers.js'
import { findHostAddress, listenOnHost } from '../steps/host-ports.js'
import { createNetwork, expectReaches, onNetwork } from '../steps/networks.js'

export const hostAddressCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'ADDR-001': {
    title:
      'getHostAddress is an address at which a running container of the default network reaches this machine, or undefined',
    run: async (context) => {
      await startContainer(context, { command: context.programs.sleep(60) })
      const port = await listenOnHost(context, { address: '0.0.0.0', line: 'from the machine' })
      const host = await findHostAddress(context)
      if (host === undefined) return
      await expectReaches(context, {}, { host, port, line: 'from the machine' })
    },
  },
  'ADDR-002': {
    title:
      'getHostAddress with networkId is an address at which a container of that network reaches this machine, or undefined',
    needs: [networkManagerCapability],
    requiredOptions: ['network'],
    run: async (context) => {
      const port = await listenOnHost(context, { address: '0.0.0.0', line: 'from the machine' })
      const networkId = await createNetwork(context)
      const host = await findHostAddress(context, { networkId })
      if (host === undefined) return
      const peer = { host, port, line: 'from the machine' }
      await expectReaches(context, onNetwork(networkId), peer)
    },
  },
  'ADDR-003': {
    title: 'getHostAddress rejects with NETWORK_NOT_FOUND when the network is unknown',
    needs: [networkManagerCapability],
    run: async ({ runtime, uniqueName }) => {
      const networkId = uniqueName('unknown')
      await expectHostError('NETWORK_NOT_FOUND', () => runtime.getHostAddress({ networkId }), { id: networkId })
    },
  },
  'ADDR-004': {
    title: 'two runtimes on one engine resolve with the same host address',
    run: async (context) => {
      await startContainer(context, { command: context.programs.sleep(60) })
      const { runtime: other } = await context.open()
      const [one, two] = await Promise.all([context.runtime.getHostAddress(), other.getHostAddress()])
      expect(one === two && one !== '', 'one address', [one, two])
    },
  },
})
