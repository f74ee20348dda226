import type { StopOptions } from '@capstan/core'
import type { CallSignal, DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { unpauseBeforeStop } from '../quirks/container-quirks.js'

/** Sends the stop signal, and SIGKILL after the grace period. Resolves if the container does not run or exist. */
export async function stopContainer(
  engine: DockerEngine,
  id: string,
  { graceMs = 10_000, signal, hasCallerSignal = false }: StopOptions & CallSignal,
): Promise<void> {
  // The engine takes whole seconds, and answers when the container has exited.
  const graceSeconds = Math.ceil(graceMs / 1000)
  const timeoutMs = graceSeconds * 1000 + engine.timeouts.answerMs
  const limit = hasCallerSignal ? {} : { timeoutMs, timeoutOption: 'timeouts.answerMs' }
  const call: EngineCall = { operation: 'stopContainer', subject: id, signal, hasCallerSignal, ...limit }
  await unpauseBeforeStop(engine, call)
  const api = await engine.api(call)
  await ignoreErrors(['CONTAINER_NOT_FOUND'], api.getContainer(id).stop({ _query: { t: graceSeconds }, _body: {} }))
}
