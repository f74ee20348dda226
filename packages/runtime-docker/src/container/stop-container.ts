import { isHostError, type StopOptions, validateStopOptions } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { releaseAfterEnd } from '../sandbox/release-sandbox.js'
import { validateContainerId } from './inspect-container.js'

/** Polite signal, then kill when the grace is over. Not running, or gone: resolves. */
export async function stopContainer(
  engine: DockerEngine,
  id: string,
  { graceMs = 10_000, signal }: StopOptions = {},
): Promise<void> {
  validateContainerId(id)
  validateStopOptions({ graceMs })
  // The engine counts in whole seconds, and blocks until it is done.
  const graceSeconds = Math.ceil(graceMs / 1000)
  const timeoutMs = graceSeconds * 1000 + engine.timeouts.answerMs
  const limit = signal === undefined ? { timeoutMs, timeoutOption: 'timeouts.answerMs' } : { signal }
  const call: EngineCall = { operation: 'stopContainer', subject: id, ...limit }
  const api = await engine.api(call)
  try {
    await api.getContainer(id).stop({ _query: { t: graceSeconds }, _body: {} })
  } catch (error) {
    if (!isHostError(error, 'CONTAINER_NOT_FOUND')) throw error
  }
  await releaseAfterEnd(engine, call)
}
