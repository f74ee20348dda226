import {
  execManagerCapability,
  type FirewallRules,
  firewallManagerCapability,
  isHostError,
  networkManagerCapability,
} from '@capstan/core'
import { expect, expectEqual, toIds } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, runToExit, startContainer } from '../steps/containers.js'
import { createFirewallFixture, firewallPort, setupFirewall } from '../steps/firewall.js'
import { readLogText } from '../steps/logs.js'

/** The properties of cases with `createFirewallFixture`. */
const withFixture = {
  capability: firewallManagerCapability,
  needs: [networkManagerCapability, execManagerCapability],
  requiredOptions: ['network', 'network.aliases'],
  timeLimitFactor: 2,
} as const

export const firewallCases: readonly ConformanceCase[] = [
  ...defineCases(withFixture, {
    'FW-001': {
      title: 'only the proxy is reachable after setupFirewall',
      run: async (context) => {
        const fixture = await createFirewallFixture(context)
        // The peers must be reachable first, or their later unreachability proves nothing.
        await fixture.expectReaches(fixture.proxy)
        await fixture.expectReaches(fixture.otherHost)
        await fixture.setRules()
        await fixture.expectReaches(fixture.proxy)
        await fixture.expectDoesNotReach(fixture.otherHost)
      },
    },
    'FW-002': {
      title: 'another port of the proxy is not reachable',
      run: async (context) => {
        const fixture = await createFirewallFixture(context)
        await fixture.expectReaches(fixture.proxy)
        await fixture.setRules({ proxyPort: 3129 })
        await fixture.expectDoesNotReach(fixture.proxy)
      },
    },
    'FW-003': {
      title: 'the proxy may be a host name, which is resolved before the rules are set',
      run: async (context) => {
        const fixture = await createFirewallFixture(context)
        await fixture.setRules({ proxyHost: 'proxy' })
        await fixture.expectReaches(fixture.proxy)
        await fixture.expectDoesNotReach(fixture.otherHost)
      },
    },
    'FW-004': {
      title: 'names do not resolve unless dns is "engine"',
      run: async (context) => {
        const fixture = await createFirewallFixture(context)
        const byName = { host: 'proxy', line: fixture.proxy.line }
        await fixture.expectReaches(byName)
        await fixture.setRules()
        await fixture.expectDoesNotReach(byName)
      },
    },
    'FW-005': {
      title: 'with dns "engine" names resolve, and other hosts stay unreachable',
      run: async (context) => {
        const fixture = await createFirewallFixture(context)
        await fixture.setRules({ dns: 'engine' })
        await fixture.expectReaches({ host: 'proxy', line: fixture.proxy.line })
        await fixture.expectDoesNotReach({ host: 'other-host' })
      },
    },
    'FW-006': {
      title: 'allow makes further destinations reachable',
      run: async (context) => {
        const fixture = await createFirewallFixture(context)
        await fixture.setRules({ allow: [{ host: fixture.otherHost.host, port: firewallPort }] })
        await fixture.expectReaches(fixture.proxy)
        await fixture.expectReaches(fixture.otherHost)
      },
    },
    'FW-007': {
      title: 'startContainer sets the rules again before it resolves',
      run: async (context) => {
        const fixture = await createFirewallFixture(context)
        await fixture.setRules()
        await context.runtime.stopContainer(fixture.workload, { graceMs: 0 })
        await context.runtime.startContainer(fixture.workload)
        await fixture.expectReaches(fixture.proxy)
        await fixture.expectDoesNotReach(fixture.otherHost)
      },
    },
    'FW-008': {
      title: 'setupFirewall of a created container stores the rules for its start',
      run: async (context) => {
        const fixture = await createFirewallFixture(context, { isStarted: false })
        await fixture.setRules()
        await context.runtime.startContainer(fixture.workload)
        await fixture.expectReaches(fixture.proxy)
        await fixture.expectDoesNotReach(fixture.otherHost)
      },
    },
    'FW-009': {
      title:
        'setupFirewall rejects with FIREWALL_FAILED when the proxy does not resolve, and the other host is unreachable',
      run: async (context) => {
        const fixture = await createFirewallFixture(context)
        await fixture.expectReaches(fixture.otherHost)
        const setup = () => fixture.setRules({ proxyHost: 'unknown.invalid' })
        const { facts } = await expectHostError('FIREWALL_FAILED', setup)
        const isContained = ['sealed', 'disconnected', 'killed'].includes(facts.containment)
        expect(isContained, 'the containment sealed, disconnected or killed', facts.containment)
        const isAlive = (await context.runtime.containerState(fixture.workload)) === 'running'
        expectEqual(isAlive, facts.containment !== 'killed', 'whether it runs')
        if (isAlive) await fixture.expectDoesNotReach(fixture.otherHost)
      },
    },
    'FW-015': {
      title: 'a process that is started with stored rules reaches only the proxy from its first instruction',
      requiredOptions: ['firewall.beforeStart', 'autoRemove'],
      timeLimitFactor: 3,
      run: async (context) => {
        const fixture = await createFirewallFixture(context)
        await fixture.expectReaches(fixture.otherHost)
        for (let turn = 0; turn < context.firewallRepetitions; turn += 1) {
          const autoRemove = turn % 2 === 1
          const fromOther = await fixture.start(fixture.otherHost, { autoRemove })
          expectEqual(fromOther, '', 'the data received from the other host')
          const fromProxy = await fixture.start(fixture.proxy, { autoRemove })
          expectEqual(fromProxy, fixture.proxy.line, 'the data received from the proxy')
        }
      },
    },
    'FW-016': {
      title:
        "a process in another owner's container with stored rules reaches only the proxy, or its start rejects with FIREWALL_FAILED",
      requiredOptions: ['firewall.beforeStart'],
      timeLimitFactor: 3,
      run: async (context) => {
        const fixture = await createFirewallFixture(context)
        const { runtime } = await context.open()
        for (let turn = 0; turn < context.firewallRepetitions; turn += 1) {
          const received = await fixture.start(fixture.otherHost, { creator: runtime }).catch(toNoData)
          expectEqual(received, '', 'the data received from the other host')
        }
      },
    },
    'FW-017': {
      title:
        'startContainer rejects with FIREWALL_FAILED when stored rules cannot be set, and the process reaches no host',
      requiredOptions: ['firewall.beforeStart'],
      run: async (context) => {
        const fixture = await createFirewallFixture(context)
        await fixture.expectReaches(fixture.otherHost)
        const id = await fixture.create(fixture.otherHost)
        await setupFirewall(context, id, { proxyHost: 'unknown.invalid', proxyPort: firewallPort })
        await expectHostError('FIREWALL_FAILED', () => context.runtime.startContainer(id), { id })
        expectEqual((await readLogText(context, id)).trim(), '', 'the data that the process received')
      },
    },
    'FW-018': {
      title: 'the id of createContainer is valid after a start with stored rules',
      requiredOptions: ['firewall.beforeStart'],
      timeLimitFactor: 2,
      run: async (context) => {
        const { runtime, signal } = context
        const fixture = await createFirewallFixture(context)
        const id = await fixture.create(fixture.proxy)
        const exited = runtime.waitContainer(id, { signal })
        await setupFirewall(context, id, { proxyHost: fixture.proxy.host, proxyPort: firewallPort })
        await runtime.startContainer(id, { signal })
        expectEqual(await exited, 0, 'the exit code of a wait from before the start')
        expectEqual((await readLogText(context, id)).trim(), fixture.proxy.line, 'its log')
        expectEqual(await runtime.containerState(id), 'exited', 'its state')
        const seen = await runtime.inspectContainer(id)
        expectEqual([seen.id, seen.networks.length], [id, 1], 'the inspection')
        const sameName = (await runtime.listContainers({ signal })).filter(({ name }) => name === seen.name)
        expectEqual(toIds(sameName), [id], 'the containers of this name in the list')
        const other = await context.open()
        expectEqual(await other.runtime.containerState(id), 'exited', 'the state as another owner sees it')
        await other.runtime.removeContainer(id)
        await expectHostError('CONTAINER_NOT_FOUND', () => runtime.containerState(id), { id })
      },
    },
  }),
  ...defineCases(firewallManagerCapability, {
    'FW-010': {
      title: 'setupFirewall rejects with FIREWALL_FAILED on the host network and changes nothing',
      requiredOptions: ['network', 'network.host'],
      run: async (context) => {
        const id = await startContainer(context, { network: { mode: 'host' }, command: context.programs.sleep(60) })
        const setup = () => setupFirewall(context, id, someRules)
        await expectHostError('FIREWALL_FAILED', setup, { id, containment: 'unchanged' })
        expectEqual(await context.runtime.containerState(id), 'running', 'the state')
      },
    },
    'FW-011': {
      title: 'setupFirewall resolves for a container without a network, which needs no rules',
      requiredOptions: ['network', 'network.none'],
      run: async (context) => {
        const id = await startContainer(context, { network: { mode: 'none' }, command: context.programs.sleep(60) })
        await setupFirewall(context, id, someRules)
      },
    },
    'FW-012': {
      title: 'setupFirewall rejects with NOT_RUNNING when the container has exited',
      run: async (context) => {
        const { id } = await runToExit(context, { command: context.programs.exit(0) })
        await expectHostError('NOT_RUNNING', () => setupFirewall(context, id, someRules), { id })
      },
    },
    'FW-019': {
      title:
        'setupFirewall rejects for a container with a restart policy, which the engine would start without the rules',
      requiredOptions: ['restartPolicy'],
      run: async (context) => {
        const restartPolicy = { name: 'on-failure' } as const
        const id = await startContainer(context, { restartPolicy, command: context.programs.sleep(60) })
        const setup = () => setupFirewall(context, id, someRules)
        await expectHostError('FIREWALL_FAILED', setup, { id, containment: 'unchanged' })
        expectEqual(await context.runtime.containerState(id), 'running', 'the state')
      },
    },
    'FW-020': {
      title: 'setupFirewall rejects for a container that shares the network of another one',
      requiredOptions: ['network', 'network.container'],
      run: async (context) => {
        const owner = await startContainer(context, { command: context.programs.sleep(60) })
        const network = { mode: 'container', id: owner } as const
        const id = await createContainer(context, { network, command: context.programs.sleep(60) })
        const setup = () => setupFirewall(context, id, someRules)
        await expectHostError('FIREWALL_FAILED', setup, { id, containment: 'unchanged' })
      },
    },
    'FW-013': rejectsRule(
      'an invalid port rejects with INVALID_ARGUMENT, and the container keeps running',
      'proxyPort',
      65_536,
    ),
    'FW-014': rejectsRule(
      'an invalid host rejects with INVALID_ARGUMENT, and no shell runs it',
      'proxyHost',
      '$(reboot)',
    ),
  }),
]

function rejectsRule(title: string, field: keyof FirewallRules, value: unknown): CaseDefinition {
  return {
    title,
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const setup = () => setupFirewall(context, id, { ...someRules, [field]: value })
      await expectHostError('INVALID_ARGUMENT', setup, { field })
      expectEqual(await context.runtime.containerState(id), 'running', 'the state')
    },
  }
}

/** Converts FIREWALL_FAILED to the empty text: the process received nothing. Other errors are thrown. */
function toNoData(error: unknown): string {
  if (isHostError(error, 'FIREWALL_FAILED')) return ''
  throw error
}

const someRules: FirewallRules = { proxyHost: '127.0.0.1', proxyPort: firewallPort }
