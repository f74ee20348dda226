import { isHostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { toContainerState } from './convert-container.js'
import { findContainer } from './inspect-container.js'

/**
 * Adds the state of the container to NOT_RUNNING, since engines report only that it is not running. It may be another container
 * than that of the call. Returns other errors.
 */
export async function withState(engine: DockerEngine, error: unknown, call: EngineCall): Promise<unknown> {
  if (!isHostError(error, 'NOT_RUNNING')) return error
  const { id } = error.facts
  const container = await findContainer(engine, { ...call, subject: id })
  if (container === undefined) return createHostError('CONTAINER_NOT_FOUND', { id }, { cause: error })
  const state = toContainerState(container.State?.Status)
  const facts = { id: id === call.subject ? id : container.Id, state }
  return createHostError('NOT_RUNNING', facts, { cause: error.cause })
}
