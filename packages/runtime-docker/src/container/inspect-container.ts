import { isHostError, validateName } from '@capstan/core'
import type { InspectedContainer } from '../docker-api.js'
import type { DockerEngine, EngineCall } from '../docker-engine.js'

/** The engine's own inspection. Gone: CONTAINER_NOT_FOUND. */
export async function inspectContainer(engine: DockerEngine, call: EngineCall): Promise<InspectedContainer> {
  const api = await engine.api(call)
  return api.getContainer(call.subject).inspect()
}

/** The same; `undefined` when it is gone. */
export async function findContainer(engine: DockerEngine, call: EngineCall): Promise<InspectedContainer | undefined> {
  try {
    return await inspectContainer(engine, call)
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return undefined
    throw error
  }
}

/** An id or a name of a container: it becomes part of a path, so it has no slash. */
export function validateContainerId(id: string): void {
  validateName(id, 'id')
}
