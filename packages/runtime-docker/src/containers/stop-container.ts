import { isHostError, type StopOptions } from '@capstan/core'
import type { CallLimits, DockerEngine, EngineCall } from '../engine/docker-engine.js'

/** Polite signal, then kill when the grace is over. Not running, or gone: resolves. */
export async function stopContainer(
  engine: DockerEngine,
  id: string,
  { graceMs = 10_000, signal, isBounded = false }: StopOptions & CallLimits,
): Promise<void> {
  // The engine counts in whole seconds, and blocks until it is done.
  const graceSeconds = Math.ceil(graceMs / 1000)
  const timeoutMs = graceSeconds * 1000 + engine.timeouts.answerMs
  const limit = isBounded ? {} : { timeoutMs, timeoutOption: 'timeouts.answerMs' }
  const call: EngineCall = { operation: 'stopContainer', subject: id, signal, isBounded, ...limit }
  const api = await engine.api(call)
  try {
    await api.getContainer(id).stop({ _query: { t: graceSeconds }, _body: {} })
  } catch (error) {
    if (!isHostError(error, 'CONTAINER_NOT_FOUND')) throw error
  }
}
