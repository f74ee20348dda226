import { type FirewallRules, firewallManagerCapability, type Runtime } from '@capstan/core'
import { expectDefined, expectEqual } from '../assert/expect.js'
import { eventually } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { collectBytes } from './collect.js'
import { type CaseConfig, createContainer, startContainer } from './containers.js'
import { readExec, startExec } from './exec.js'
import { createNetwork, onNetwork } from './networks.js'

/** The port on which the proxy and the other host of the fixture listen. */
export const firewallPort = 3128

/** Sets the rules of a container. */
export async function setupFirewall(context: CaseContext, id: string, rules: FirewallRules): Promise<void> {
  await context.require(firewallManagerCapability).setupFirewall(id, rules, { signal: context.signal })
}

/** A container that listens on {@link firewallPort} and sends the line to each client. */
export interface Peer {
  readonly host: string
  readonly line: string
}

/** Creates a network with a proxy, another host, and a workload: a container whose processes try to reach them. */
export async function createFirewallFixture(
  context: CaseContext,
  { isStarted = true }: { readonly isStarted?: boolean } = {},
): Promise<FirewallFixture> {
  const networkId = await createNetwork(context)
  const proxy = await startPeer(context, networkId, 'proxy')
  const otherHost = await startPeer(context, networkId, 'other-host')
  const config = { ...onNetwork(networkId), image: context.firewallImage, command: context.programs.sleep(120) }
  const workload = isStarted ? await startContainer(context, config) : await createContainer(context, config)
  return new FirewallFixture(context, { proxy, otherHost, workload, config })
}

export class FirewallFixture {
  readonly proxy: Peer
  readonly otherHost: Peer
  /** The id of the workload. */
  readonly workload: string
  readonly #context: CaseContext
  readonly #config: CaseConfig

  constructor(context: CaseContext, { proxy, otherHost, workload, config }: FixtureParts) {
    this.proxy = proxy
    this.otherHost = otherHost
    this.workload = workload
    this.#context = context
    this.#config = config
  }

  /** Sets rules of the workload, which permit the proxy by default. */
  async setRules(rules: Partial<FirewallRules> = {}): Promise<void> {
    await setupFirewall(this.#context, this.workload, { ...this.#defaultRules, ...rules })
  }

  /** Creates a container whose process connects to the peer at once and exits. */
  async create(peer: Peer, { autoRemove, creator }: StartOptions = {}): Promise<string> {
    const command = this.#context.programs.connect(peer.host, firewallPort)
    const config = { ...this.#config, command, ...(autoRemove && { autoRemove }) }
    return await createContainer(this.#context, config, creator)
  }

  /** Starts such a container with stored rules. Resolves with the data that it receives from the peer. */
  async start(peer: Peer, options: StartOptions = {}): Promise<string> {
    const { runtime, signal } = this.#context
    const id = await this.create(peer, options)
    const stdout = collectBytes()
    await setupFirewall(this.#context, id, this.#defaultRules)
    await runtime.startAttached(id, { stdout: stdout.stream, signal })
    return stdout.text().trim()
  }

  /** Fails unless a process of the workload receives the line of the peer. Retries until the peer listens. */
  async expectReaches({ host, line }: Peer): Promise<void> {
    const answer = await eventually(`an answer of ${host}`, async () => (await this.#connect(host)) || undefined)
    expectEqual(answer.trim(), line, `the data received from ${host}`)
  }

  async expectDoesNotReach({ host }: Pick<Peer, 'host'>): Promise<void> {
    expectEqual(await this.#connect(host), '', `the data received from ${host}, which must be unreachable`)
  }

  get #defaultRules(): FirewallRules {
    return { proxyHost: this.proxy.host, proxyPort: firewallPort }
  }

  async #connect(host: string): Promise<string> {
    const command = this.#context.programs.connect(host, firewallPort)
    return (await readExec(await startExec(this.#context, this.workload, command, { stdin: false }))).stdout
  }
}

interface FixtureParts extends Pick<FirewallFixture, 'proxy' | 'otherHost' | 'workload'> {
  /** The config of each container on the network. */
  readonly config: CaseConfig
}

export interface StartOptions {
  readonly autoRemove?: boolean
  /** The runtime that creates the container. The runtime of the case starts it. */
  readonly creator?: Runtime
}

async function startPeer(context: CaseContext, networkId: string, name: string): Promise<Peer> {
  const line = `the ${name}`
  const command = context.programs.listen(firewallPort, line)
  const id = await startContainer(context, { ...onNetwork(networkId, name), command })
  const { networks } = await context.runtime.inspectContainer(id)
  return { host: expectDefined(networks[0]?.ipAddress, `the address of ${name}`), line }
}
