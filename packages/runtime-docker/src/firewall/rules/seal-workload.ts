import { readFirewallOutcome, sealPlan, toFirewallScript } from '@capstan/egress-firewall'
import type { DockerEngine, EngineCall } from '../../docker-engine.js'
import { toReason } from '../../engine-text.js'
import { createNoRunnerError } from './no-runner-error.js'
import { listRunners } from './runners.js'
import { readWorkload } from './workload.js'

/**
 * Leaves a running container no way out but its loopback, and verifies it. Rejects where no runner could do so.
 */
export async function sealWorkload(engine: DockerEngine, call: EngineCall): Promise<void> {
  const context = { engine, workload: await readWorkload(engine, call) }
  const reasons: string[] = []
  for (const runner of listRunners(context, engine.details.firewallImage)) {
    try {
      const outcome = readFirewallOutcome(await runner.run(toFirewallScript(sealPlan), call), sealPlan)
      if (outcome.state === 'set') return
      reasons.push(`${runner.title}: ${outcome.reason}`)
    } catch (error) {
      call.signal?.throwIfAborted()
      reasons.push(`${runner.title}: ${toReason(error)}`)
    }
  }
  throw createNoRunnerError(reasons)
}
