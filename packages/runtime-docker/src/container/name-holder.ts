import { createHostError, type HostError, isHostError } from '@capstan/core'
import type { InspectedContainer } from '../docker-api.js'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { isOurs } from '../request-mark.js'

/** The conflict, with the holder's id and whether this host made it. */
export async function findNameHolder(
  engine: DockerEngine,
  conflict: HostError<'NAME_CONFLICT'>,
  call: EngineCall,
): Promise<unknown> {
  const { name, holderId = name } = conflict.facts
  try {
    const holder = await inspect(engine, holderId, call)
    const facts = { name, holderId: holder.Id, ours: isOurs(holder.Config?.Labels, engine.ownerLabels) }
    return createHostError('NAME_CONFLICT', facts, { cause: conflict.cause })
  } catch (error) {
    call.signal?.throwIfAborted()
    return isHostError(error, 'CONTAINER_NOT_FOUND') ? conflict : error
  }
}

async function inspect(engine: DockerEngine, id: string, call: EngineCall): Promise<InspectedContainer> {
  const api = await engine.api({ ...call, subject: id })
  return api.getContainer(id).inspect()
}
