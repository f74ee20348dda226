import { type HostErrorFacts, isHostError, poll } from '@capstan/core'
import { readFirewallOutcome, sealPlan, toFirewallScript } from '@capstan/egress-firewall'
import type { DockerEngine, EngineCall } from '../../docker-engine.js'
import type { NamespaceRunner, RunnerContext } from './namespace-runner.js'

export type Containment = HostErrorFacts['FIREWALL_FAILED']['containment']

export interface Contained {
  readonly containment: Containment
  /** Why other means did not work, in the order tried. */
  readonly failures: readonly unknown[]
}

/**
 * Restricts a container by the first means that works and that an inspection confirms: sealed by rules, else disconnected
 * from every network, else killed. `unchanged` where none of them works.
 */
export async function contain(
  { engine, workload }: RunnerContext,
  runners: readonly NamespaceRunner[],
  call: EngineCall,
): Promise<Contained> {
  const failures: unknown[] = []
  const attempt = async (means: () => Promise<boolean>) => {
    try {
      return await means()
    } catch (error) {
      failures.push(error)
      return false
    }
  }
  for (const runner of runners) {
    if (await attempt(() => seal(runner, call))) return { containment: 'sealed', failures }
  }
  if (await attempt(() => disconnect(engine, workload.namespaceId, call)))
    return { containment: 'disconnected', failures }
  if (await attempt(() => kill(engine, workload.id, call))) return { containment: 'killed', failures }
  return { containment: 'unchanged', failures }
}

async function seal(runner: NamespaceRunner, call: EngineCall): Promise<boolean> {
  const result = await runner.run(toFirewallScript(sealPlan), call)
  return readFirewallOutcome(result, sealPlan).state === 'set'
}

async function disconnect(engine: DockerEngine, id: string, call: EngineCall): Promise<boolean> {
  const api = await engine.api(call)
  for (const network of await listNetworksOf(engine, id, call)) {
    try {
      await api.getNetwork(network).disconnect({ Container: id, Force: true })
    } catch (error) {
      if (!isHostError(error, 'NETWORK_NOT_FOUND')) throw error
    }
  }
  return (await listNetworksOf(engine, id, call)).length === 0
}

async function listNetworksOf(engine: DockerEngine, id: string, call: EngineCall): Promise<readonly string[]> {
  const { NetworkSettings } = await (await engine.api(call)).getContainer(id).inspect()
  return Object.entries(NetworkSettings?.Networks ?? {}).map(([name, network]) => network.NetworkID || name)
}

async function kill(engine: DockerEngine, id: string, call: EngineCall): Promise<boolean> {
  try {
    await (await engine.api(call)).getContainer(id).kill({ _query: { signal: 'KILL' }, _body: {} })
  } catch (error) {
    if (!isHostError(error, 'NOT_RUNNING')) throw error
  }
  const hasEnded = async () => {
    const { State } = await (await engine.api(call)).getContainer(id).inspect()
    return State?.Running === false || undefined
  }
  return (await poll(hasEnded, { limitMs: killedMs, signal: call.signal })) === true
}

const killedMs = 5_000
