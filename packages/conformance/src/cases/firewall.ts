import {
  execManagerCapability,
  type FirewallRules,
  firewallManagerCapability,
  isHostError,
  networkManagerCapability,
  type Runtime,
} from '@capstan/core'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { eventually } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { collectBytes, readAll } from '../steps/collect.js'
import { createContainer, runToExit, startContainer } from '../steps/containers.js'
import { createNetwork, onNetwork } from '../steps/networks.js'

export const firewallCases: readonly ConformanceCase[] = [
  ...defineCases(
    {
      capability: firewallManagerCapability,
      needs: [networkManagerCapability, execManagerCapability],
      requiredOptions: ['network', 'network.aliases'],
      timeFactor: 2,
    },
    [
      {
        id: 'FW-001',
        title: 'after setupFirewall the proxy is reached, and nobody else',
        run: async (context) => {
          const town = await buildTown(context)
          // What could not be reached before proves nothing.
          await town.expectReaches(town.proxy)
          await town.expectReaches(town.stranger)
          await town.seal()
          await town.expectReaches(town.proxy)
          await town.expectDoesNotReach(town.stranger)
        },
      },
      {
        id: 'FW-002',
        title: 'another port of the proxy is shut, too',
        run: async (context) => {
          const town = await buildTown(context)
          await town.expectReaches(town.proxy)
          await town.seal({ proxyPort: 3129 })
          await town.expectDoesNotReach(town.proxy)
        },
      },
      {
        id: 'FW-003',
        title: 'the proxy may be given by its name, which is resolved before',
        run: async (context) => {
          const town = await buildTown(context)
          await town.seal({ proxyHost: 'proxy' })
          await town.expectReaches(town.proxy)
          await town.expectDoesNotReach(town.stranger)
        },
      },
      {
        id: 'FW-004',
        title: 'names do not resolve unless dns is "engine"',
        run: async (context) => {
          const town = await buildTown(context)
          const byName = { host: 'proxy', line: town.proxy.line }
          await town.expectReaches(byName)
          await town.seal()
          await town.expectDoesNotReach(byName)
        },
      },
      {
        id: 'FW-005',
        title: 'with dns "engine" names resolve, and strangers stay out of reach',
        run: async (context) => {
          const town = await buildTown(context)
          await town.seal({ dns: 'engine' })
          await town.expectReaches({ host: 'proxy', line: town.proxy.line })
          await town.expectDoesNotReach({ host: 'stranger' })
        },
      },
      {
        id: 'FW-006',
        title: 'allow names further destinations',
        run: async (context) => {
          const town = await buildTown(context)
          await town.seal({ allow: [{ host: town.stranger.host, port }] })
          await town.expectReaches(town.proxy)
          await town.expectReaches(town.stranger)
        },
      },
      {
        id: 'FW-007',
        title: 'startContainer sets the rules again, before it resolves',
        run: async (context) => {
          const town = await buildTown(context)
          await town.seal()
          await context.runtime.stopContainer(town.workload, { graceMs: 0 })
          await context.runtime.startContainer(town.workload)
          await town.expectReaches(town.proxy)
          await town.expectDoesNotReach(town.stranger)
        },
      },
      {
        id: 'FW-008',
        title: 'on a container that was not started yet they are kept for its start',
        run: async (context) => {
          const town = await buildTown(context, { isStarted: false })
          await town.seal()
          await context.runtime.startContainer(town.workload)
          await town.expectReaches(town.proxy)
          await town.expectDoesNotReach(town.stranger)
        },
      },
      {
        id: 'FW-009',
        title: 'it fails closed: where the proxy cannot be resolved, FIREWALL_FAILED comes after the way out was cut',
        run: async (context) => {
          const town = await buildTown(context)
          await town.expectReaches(town.stranger)
          const { facts } = await expectHostError('FIREWALL_FAILED', () => town.seal({ proxyHost: 'nobody.invalid' }))
          const strongest = ['sealed', 'disconnected', 'killed']
          expect(strongest.includes(facts.containment), `a containment of ${strongest}`, facts.containment)
          const isAlive = (await context.runtime.containerState(town.workload)) === 'running'
          expectEqual(isAlive, facts.containment !== 'killed', 'whether it runs')
          if (isAlive) await town.expectDoesNotReach(town.stranger)
        },
      },
      {
        id: 'FW-015',
        title: 'a process that is started under kept rules reaches only the proxy, from its first instruction',
        requiredOptions: ['firewall.beforeStart', 'autoRemove'],
        timeFactor: 3,
        run: async (context) => {
          const town = await buildTown(context)
          await town.expectReaches(town.stranger)
          for (let turn = 0; turn < context.firewallStarts; turn += 1) {
            const autoRemove = turn % 2 === 1
            expectEqual(await town.start(town.stranger, { autoRemove }), '', 'what the stranger says')
            expectEqual(await town.start(town.proxy, { autoRemove }), town.proxy.line, 'what the proxy says')
          }
        },
      },
      {
        id: 'FW-016',
        title:
          'in a container of another owner, a process under kept rules reaches only the proxy, or is FIREWALL_FAILED',
        requiredOptions: ['firewall.beforeStart'],
        timeFactor: 3,
        run: async (context) => {
          const town = await buildTown(context)
          const { runtime } = await context.open()
          for (let turn = 0; turn < context.firewallStarts; turn += 1) {
            const said = await town.start(town.stranger, { maker: runtime }).catch(passFirewallFailure)
            expectEqual(said, '', 'what the stranger says')
          }
        },
      },
      {
        id: 'FW-017',
        title: 'a start whose kept rules cannot be set is FIREWALL_FAILED, and its process reaches no host',
        requiredOptions: ['firewall.beforeStart'],
        run: async (context) => {
          const town = await buildTown(context)
          await town.expectReaches(town.stranger)
          const id = await town.create(town.stranger)
          const rules = { proxyHost: 'nobody.invalid', proxyPort: port }
          await setupFirewall(context, id, rules)
          await expectHostError('FIREWALL_FAILED', () => context.runtime.startContainer(id), { id })
          expectEqual(await readText(context, id), '', 'what its process has heard')
        },
      },
      {
        id: 'FW-018',
        title: 'the id that create returned names the container also after a start under kept rules',
        requiredOptions: ['firewall.beforeStart'],
        timeFactor: 2,
        run: async (context) => {
          const { runtime, signal } = context
          const town = await buildTown(context)
          const id = await town.create(town.proxy)
          const exited = runtime.waitContainer(id, { signal })
          await setupFirewall(context, id, { proxyHost: town.proxy.host, proxyPort: port })
          await runtime.startContainer(id, { signal })
          expectEqual(await exited, 0, 'the exit code that was waited for from before')
          expectEqual(await readText(context, id), town.proxy.line, 'its log')
          expectEqual(await runtime.containerState(id), 'exited', 'its state')
          const seen = await runtime.inspectContainer(id)
          expectEqual([seen.id, seen.networks.length], [id, 1], 'the inspection')
          const listed = (await runtime.listContainers({ signal })).filter((container) => container.name === seen.name)
          expectEqual(
            listed.map((container) => container.id),
            [id],
            'the list',
          )
          const other = await context.open()
          expectEqual(await other.runtime.containerState(id), 'exited', 'the state as another owner sees it')
          await other.runtime.removeContainer(id)
          await expectHostError('CONTAINER_NOT_FOUND', () => runtime.containerState(id), { id })
        },
      },
    ],
  ),
  ...defineCases({ capability: firewallManagerCapability }, [
    {
      id: 'FW-010',
      title: "a container of the machine's own network is FIREWALL_FAILED, unchanged",
      requiredOptions: ['network', 'network.host'],
      run: async (context) => {
        const config = { network: { mode: 'host' }, command: context.programs.sleep(60) } as const
        const id = await startContainer(context, config)
        const setup = () => setupFirewall(context, id, somewhere)
        await expectHostError('FIREWALL_FAILED', setup, { id, containment: 'unchanged' })
        expectEqual(await context.runtime.containerState(id), 'running', 'the state')
      },
    },
    {
      id: 'FW-011',
      title: 'a container without a network needs no rules: it resolves',
      requiredOptions: ['network', 'network.none'],
      run: async (context) => {
        const config = { network: { mode: 'none' }, command: context.programs.sleep(60) } as const
        await setupFirewall(context, await startContainer(context, config), somewhere)
      },
    },
    {
      id: 'FW-012',
      title: 'a container that has exited is NOT_RUNNING',
      run: async (context) => {
        const { id } = await runToExit(context, { command: context.programs.exit(0) })
        await expectHostError('NOT_RUNNING', () => setupFirewall(context, id, somewhere), { id })
      },
    },
    {
      id: 'FW-013',
      title: 'a bad port is INVALID_ARGUMENT, and the container goes on',
      run: async (context) => {
        const id = await startContainer(context, { command: context.programs.sleep(60) })
        const setup = () => setupFirewall(context, id, { ...somewhere, proxyPort: 65_536 })
        await expectHostError('INVALID_ARGUMENT', setup, { field: 'proxyPort' })
        expectEqual(await context.runtime.containerState(id), 'running', 'the state')
      },
    },
    {
      id: 'FW-014',
      title: 'a host that is no host is INVALID_ARGUMENT: nothing of it reaches a shell',
      run: async (context) => {
        const id = await startContainer(context, { command: context.programs.sleep(60) })
        const setup = () => setupFirewall(context, id, { ...somewhere, proxyHost: '$(reboot)' })
        await expectHostError('INVALID_ARGUMENT', setup, { field: 'proxyHost' })
      },
    },
  ]),
]

async function setupFirewall(context: CaseContext, id: string, rules: FirewallRules): Promise<void> {
  await context.require(firewallManagerCapability).setupFirewall(id, rules, { signal: context.signal })
}

interface Peer {
  readonly host: string
  readonly line: string
}

/** A network with a proxy, a stranger, and a workload that can try to reach them. */
async function buildTown(context: CaseContext, { isStarted = true } = {}) {
  const networkId = await createNetwork(context)
  const [proxy, stranger] = [
    await startPeer(context, networkId, 'proxy'),
    await startPeer(context, networkId, 'stranger'),
  ]
  const config = {
    ...onNetwork(networkId),
    image: context.firewallImage,
    command: context.programs.sleep(120),
  }
  const workload = isStarted ? await startContainer(context, config) : await createContainer(context, config)
  const seal = async (rules: Partial<FirewallRules> = {}) => {
    const all = { proxyHost: proxy.host, proxyPort: port, ...rules }
    await setupFirewall(context, workload, all)
  }
  const reach = (host: string) => reachFrom(context, workload, host)
  /** A container whose process connects to the peer at once, and ends. */
  const create = (peer: Peer, { autoRemove, maker }: StartOptions = {}) => {
    const command = context.programs.connect(peer.host, port)
    return createContainer(context, { ...config, command, ...(autoRemove && { autoRemove }) }, maker)
  }
  /** Starts one under kept rules; resolves with what the peer says to it. */
  const start = async (peer: Peer, options: StartOptions = {}) => {
    const id = await create(peer, options)
    const stdout = collectBytes()
    const { runtime, signal } = context
    await setupFirewall(context, id, { proxyHost: proxy.host, proxyPort: port })
    await runtime.startAttached(id, { stdout: stdout.stream, signal })
    return stdout.text().trim()
  }
  return {
    proxy,
    stranger,
    workload,
    seal,
    create,
    start,
    expectReaches: async ({ host, line }: Peer) => {
      const answer = await eventually(`an answer of ${host}`, async () => (await reach(host)) || undefined)
      expectEqual(answer.trim(), line, `what ${host} says`)
    },
    expectDoesNotReach: async ({ host }: Pick<Peer, 'host'>) =>
      expectEqual(await reach(host), '', `what ${host} says to who may not reach it`),
  }
}

interface StartOptions {
  readonly autoRemove?: boolean
  /** Makes the container; the case's own runtime starts it. */
  readonly maker?: Runtime
}

function passFirewallFailure(error: unknown): string {
  if (isHostError(error, 'FIREWALL_FAILED')) return ''
  throw error
}

async function readText({ runtime, signal }: CaseContext, id: string): Promise<string> {
  return Buffer.from(await runtime.containerLogsAll(id, { signal }))
    .toString('utf8')
    .trim()
}

async function startPeer(context: CaseContext, networkId: string, name: string): Promise<Peer> {
  const line = `the ${name}`
  const command = context.programs.listen(port, line)
  const id = await startContainer(context, { ...onNetwork(networkId, name), command })
  const { networks } = await context.runtime.inspectContainer(id)
  return { host: expectDefined(networks[0]?.ipAddress, `the address of ${name}`), line }
}

async function reachFrom(context: CaseContext, id: string, host: string): Promise<string> {
  const command = context.programs.connect(host, port)
  const options = { stdin: false, signal: context.signal }
  const process = await context.require(execManagerCapability).exec(id, command, options)
  const [output] = await Promise.all([readAll(process.stdout), readAll(process.stderr), process.exitCode])
  return output.toString('utf8')
}

const port = 3128
const somewhere: FirewallRules = { proxyHost: '127.0.0.1', proxyPort: port }
