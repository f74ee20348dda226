import { networkManagerCapability, runtimeCapability } from '@capstan/core'
import { findUnsupportedOption } from '@capstan/core/plugin'
import { expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { pause } from '../assert/wait.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { watchIo } from '../plugin/watch-io.js'
import { createContainer, startContainer } from '../steps/containers.js'
import { listenOnEngine } from '../steps/engine-machine.js'
import { findHostAddress, listenOnHost } from '../steps/host-ports.js'
import { createNetwork, expectDoesNotReach, expectReaches, onNetwork } from '../steps/networks.js'

export const networkModeCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'MODE-001': {
    title: 'network mode "host" uses the network of the engine\'s machine',
    requiredOptions: ['network', 'network.host'],
    run: async (context) => {
      const port = await listenOnEngine(context, 'from the machine')
      const peer = { host: '127.0.0.1', port, line: 'from the machine' }
      await expectReaches(context, { network: { mode: 'host' } }, peer)
    },
  },
  'MODE-002': {
    title: 'supportsHostNetwork is false if and only if the report lists "network.host" or "network" as unsupported',
    run: async ({ runtime, scope }) => {
      const unsupportedOptions = scope.report.available ? scope.report.unsupportedOptions : []
      const isSupported = findUnsupportedOption('network.host', unsupportedOptions) === undefined
      expectEqual(runtime.supportsHostNetwork(), isSupported, 'supportsHostNetwork')
    },
  },
  'MODE-003': {
    title: 'network mode "none" has no connection',
    requiredOptions: ['network', 'network.none'],
    run: async (context) => {
      const port = await listenOnHost(context, { address: '0.0.0.0', line: 'from the machine' })
      const host = await findHostAddress(context)
      if (host === undefined) return
      await expectReaches(context, {}, { host, port, line: 'from the machine' })
      await expectDoesNotReach(context, { network: { mode: 'none' } }, { host, port })
    },
  },
  'MODE-004': {
    title: 'a container on several networks reaches peers on each',
    needs: [networkManagerCapability],
    requiredOptions: ['network', 'network.several', 'network.aliases'],
    run: async (context) => {
      const [left, right] = [await createNetwork(context), await createNetwork(context)]
      for (const [networkId, name] of [[left, 'left'] as const, [right, 'right'] as const]) {
        const command = context.programs.listen(8080, `on the ${name}`)
        await startContainer(context, { ...onNetwork(networkId, name), command })
      }
      const network = { mode: 'networks', networks: [{ networkId: left }, { networkId: right }] } as const
      for (const host of ['left', 'right']) {
        await expectReaches(context, { network }, { host, port: 8080, line: `on the ${host}` })
      }
    },
  },
  'MODE-005': {
    title: 'extraHosts names resolve in the container',
    requiredOptions: ['extraHosts'],
    run: async (context) => {
      const port = await listenOnHost(context, { address: '0.0.0.0', line: 'by another name' })
      const address = await findHostAddress(context)
      if (address === undefined) return
      const peer = { host: 'machine.example', port, line: 'by another name' }
      await expectReaches(context, { extraHosts: { 'machine.example': address } }, peer)
    },
  },
  'MODE-006': {
    title: '"host-gateway" in extraHosts is the address of this machine',
    requiredOptions: ['extraHosts'],
    run: async (context) => {
      if ((await findHostAddress(context)) === undefined) return
      const port = await listenOnHost(context, { address: '0.0.0.0', line: 'by the gateway' })
      const peer = { host: 'machine.example', port, line: 'by the gateway' }
      await expectReaches(context, { extraHosts: { 'machine.example': 'host-gateway' } }, peer)
    },
  },
  'MODE-007': {
    title: 'supportsHostNetwork sends no request to the engine',
    run: async ({ runtime }) => {
      const { result, read, stop } = watchIo((): unknown => runtime.supportsHostNetwork())
      await pause(50)
      stop()
      expectEqual(typeof result, 'boolean', 'the type of the result')
      expectEqual(read().started, [], 'the I/O of supportsHostNetwork')
    },
  },
  'MODE-008': {
    title: 'network mode "container" uses the network of another container, which must run',
    requiredOptions: ['network', 'network.container'],
    run: async (context) => {
      const owner = await createContainer(context, { command: context.programs.listen(8080, 'from the owner') })
      const network = { mode: 'container', id: owner } as const
      const early = await createContainer(context, { network, command: context.programs.exit(0) })
      await expectHostError('NOT_RUNNING', () => context.runtime.startContainer(early), { id: owner })
      await context.runtime.startContainer(owner)
      await expectReaches(context, { network }, { host: '127.0.0.1', port: 8080, line: 'from the owner' })
      await context.runtime.startContainer(early)
      expectEqual((await context.runtime.inspectContainer(early)).networks, [], 'the networks of the inspection')
    },
  },
  'MODE-009': {
    title: 'network mode "container" rejects with CONTAINER_NOT_FOUND for an unknown container',
    requiredOptions: ['network', 'network.container'],
    run: async (context) => {
      const id = context.uniqueName('unknown')
      const create = () => createContainer(context, { network: { mode: 'container', id } })
      await expectHostError('CONTAINER_NOT_FOUND', create, { id })
    },
  },
})
