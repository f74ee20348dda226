import { randomInt } from 'node:crypto'
import { type CreateNetworkOptions, isHostError, networkManagerCapability, type RuntimeScope } from '@capstan/core'
import type { ContainerNetwork } from '@capstan/core/plugin'
import { expectEqual } from '../assert/expect.js'
import { eventually } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type CaseConfig, runAttached } from './containers.js'

/** Creates a network that is removed after the case. */
export async function createNetwork(
  context: CaseContext,
  options: CreateNetworkOptions = {},
  scope: RuntimeScope = context.scope,
): Promise<string> {
  const networks = context.require(networkManagerCapability, scope)
  const id = await networks.createNetwork(context.uniqueName('network'), { signal: context.signal, ...options })
  context.defer(`network ${id}`, (options) => networks.removeNetwork(id, options))
  return id
}

/** Creates a network with a chosen subnet that no other network uses, and resolves with its id and its subnet. */
export async function createSubnetNetwork(
  context: CaseContext,
  toOptions: (subnet: ChosenSubnet) => CreateNetworkOptions = ({ cidr }) => ({ subnets: [{ cidr }] }),
): Promise<ChosenSubnet & { readonly networkId: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const prefix = `10.${randomInt(150, 250)}.${randomInt(256)}`
    const subnet = { cidr: `${prefix}.0/24`, toAddress: (host: number) => `${prefix}.${host}` }
    try {
      return { ...subnet, networkId: await createNetwork(context, toOptions(subnet)) }
    } catch (error) {
      if (attempt === 10 || !isHostError(error, 'IN_USE')) throw error
    }
  }
}

/** A chosen IPv4 subnet. */
export interface ChosenSubnet {
  readonly cidr: string
  /** Returns an address in it. */
  toAddress(host: number): string
}

/** Returns the config of a container on one network with these aliases. */
export function onNetwork(networkId: string, ...aliases: readonly string[]): { readonly network: ContainerNetwork } {
  return { network: { mode: 'networks', networks: [{ networkId, ...(aliases.length > 0 && { aliases }) }] } }
}

/** Connects from a new container and fails unless it receives the line. Retries until the peer listens. */
export async function expectReaches(
  context: CaseContext,
  config: CaseConfig,
  { host, port, line }: { readonly host: string; readonly port: number; readonly line: string },
): Promise<void> {
  const connect = async () => {
    const { stdout } = await runAttached(context, { ...config, command: context.programs.connect(host, port) })
    return stdout === '' ? undefined : stdout
  }
  const received = await eventually(`an answer from ${host}:${port}`, connect)
  expectEqual(received.trim(), line, `the data received from ${host}:${port}`)
}

/** Connects from a new container and fails if it receives data. The case must show first that the peer is reachable. */
export async function expectDoesNotReach(
  context: CaseContext,
  config: CaseConfig,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  const command = context.programs.connect(host, port)
  const { stdout } = await runAttached(context, { ...config, command })
  expectEqual(stdout, '', `the data received from ${host}:${port}, which must be unreachable`)
}
