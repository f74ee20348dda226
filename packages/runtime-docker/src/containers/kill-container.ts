import { isHostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findContainer } from './inspection/inspect-container.js'
import { withState } from './inspection/not-running.js'
import { unpauseIfPaused } from './pause-container.js'

/**
 * Sends a signal to the first process of a container, and unpauses a paused one, so that it receives the signal. Docker does so
 * itself except for a signal that is not the configured stop signal. The engine answers to SIGKILL when the container has exited.
 */
export async function killContainer(engine: DockerEngine, signal: string, call: EngineCall): Promise<void> {
  const api = await engine.api(call)
  try {
    await api.getContainer(call.subject).kill({ _query: { signal }, _body: {} })
  } catch (error) {
    if (isHostError(error, 'INVALID_ARGUMENT')) throw toBadSignal(signal, error)
    throw await withState(engine, error, call)
  }
  if ((await findContainer(engine, call))?.State?.Status === 'paused') await unpauseIfPaused(engine, call)
}

/** Names the parameter: the engine's text is that of the option `stopSignal`. */
function toBadSignal(signal: string, cause: Error): unknown {
  const facts = { field: 'signal', expected: 'a signal that the engine knows', given: JSON.stringify(signal) }
  return createHostError('INVALID_ARGUMENT', facts, { cause })
}
