import { hasEnded } from '../containers/inspection/convert-container.js'
import { findExitEvents } from '../containers/inspection/exit-event.js'
import { findContainer } from '../containers/inspection/inspect-container.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { hasFeature } from './api-features.js'

/**
 * Checks the code in the answer to a wait that was opened at `openedAt`, in seconds of the engine's clock. On an engine
 * without the feature `ownExitCodes`, a 0 for a container that has started again is replaced by the code in the events.
 */
export async function checkExitCode(
  engine: DockerEngine,
  call: EngineCall,
  { code, openedAt }: { readonly code: number; readonly openedAt: number | undefined },
): Promise<number> {
  if (code !== 0 || openedAt === undefined || hasFeature(engine.apiVersion, 'ownExitCodes')) return code
  const container = await findContainer(engine, call)
  if (container === undefined || (hasEnded(container) && !container.RestartCount)) return code
  const exits = await findExitEvents(engine, { ...call, since: openedAt })
  return exits.find(({ time }) => time >= openedAt)?.exitCode ?? code
}
