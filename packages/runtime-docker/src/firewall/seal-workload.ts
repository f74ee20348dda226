import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { toReason } from '../engine-text.js'
import { isSealed, parseFirewallAnswer } from './firewall-answer.js'
import { toSealScript } from './firewall-script.js'
import { NoRunnerError } from './no-runner-error.js'
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
      const { exitCode, output } = await runner.run(toSealScript(), call)
      const answer = parseFirewallAnswer(output)
      if (exitCode === 0 && isSealed(answer)) return
      reasons.push(`${runner.title}: ${answer.failure ?? `no ${answer.missingTool ?? 'shell'} that works`}`)
    } catch (error) {
      call.signal?.throwIfAborted()
      reasons.push(`${runner.title}: ${toReason(error)}`)
    }
  }
  throw new NoRunnerError(reasons)
}
