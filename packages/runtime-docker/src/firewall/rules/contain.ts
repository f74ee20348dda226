import { type HostErrorFacts, poll } from '@capstan/core/plugin'
import { readFirewallOutcome, sealPlan, toFirewallScript } from '@capstan/egress-firewall'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { toReason } from '../../engine/engine-text.js'
import { ignoreErrors } from '../../engine/ignore-errors.js'
import { readFirewalledContainer } from './firewalled-container.js'
import type { RunnerContext } from './namespace-runner.js'
import { createNoRunnerError, listRunners } from './runners.js'

export type Containment = HostErrorFacts['FIREWALL_FAILED']['containment']

export interface Contained {
  readonly containment: Containment
  /** The errors of the means that did not work, in the order tried. */
  readonly failures: readonly unknown[]
}

/**
 * Restricts a container by the first means that is verified to work: sealed by rules, as the script prints them, else
 * disconnected from every network or killed, as the engine reports. `unchanged` where none of them works.
 */
export async function contain(context: RunnerContext, call: EngineCall): Promise<Contained> {
  const { engine, container } = context
  const { isSealed, failures } = await seal(context, call)
  if (isSealed) return { containment: 'sealed', failures }
  const attempt = (means: Promise<boolean>) => {
    return means.catch((error: unknown) => {
      failures.push(error)
      return false
    })
  }
  if (await attempt(disconnect(engine, container.namespaceId, call))) return { containment: 'disconnected', failures }
  if (await attempt(kill(engine, container.id, call))) return { containment: 'killed', failures }
  return { containment: 'unchanged', failures }
}

/** Sets rules that block everything except loopback, and reads them back. Rejects when no runner can set them. */
export async function sealContainer(engine: DockerEngine, call: EngineCall): Promise<void> {
  const { isSealed, reasons } = await seal({ engine, container: await readFirewalledContainer(engine, call) }, call)
  call.signal?.throwIfAborted()
  if (!isSealed) throw createNoRunnerError(reasons)
}

/** Tries each runner. Resolves with the reasons and the errors of those that did not seal the container. */
async function seal(context: RunnerContext, call: EngineCall) {
  const [reasons, failures]: [string[], unknown[]] = [[], []]
  for (const { title, run } of listRunners(context)) {
    try {
      const outcome = readFirewallOutcome(await run(toFirewallScript(sealPlan), call), sealPlan)
      if (outcome.state === 'set') return { isSealed: true, reasons, failures }
      reasons.push(`${title}: ${outcome.reason}`)
    } catch (error) {
      reasons.push(`${title}: ${toReason(error)}`)
      failures.push(error)
    }
  }
  return { isSealed: false, reasons, failures }
}

async function disconnect(engine: DockerEngine, id: string, call: EngineCall): Promise<boolean> {
  const api = await engine.api(call)
  for (const network of await listNetworksOf(engine, id, call)) {
    await ignoreErrors(['NETWORK_NOT_FOUND'], api.getNetwork(network).disconnect({ Container: id, Force: true }))
  }
  return (await listNetworksOf(engine, id, call)).length === 0
}

async function listNetworksOf(engine: DockerEngine, id: string, call: EngineCall): Promise<readonly string[]> {
  const { NetworkSettings } = await (await engine.api(call)).getContainer(id).inspect()
  return Object.entries(NetworkSettings?.Networks ?? {}).map(([name, network]) => network.NetworkID || name)
}

async function kill(engine: DockerEngine, id: string, call: EngineCall): Promise<boolean> {
  const killed = (await engine.api(call)).getContainer(id).kill({ _query: { signal: 'KILL' }, _body: {} })
  await ignoreErrors(['NOT_RUNNING'], killed)
  const hasEnded = async () => {
    const { State } = await (await engine.api(call)).getContainer(id).inspect()
    return State?.Running === false || undefined
  }
  return (await poll(hasEnded, { limitMs: killedMs, signal: call.signal })) === true
}

const killedMs = 5_000
