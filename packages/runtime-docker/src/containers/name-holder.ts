import { type HostError, isHostError } from '@capstan/core'
import { createHostError, isOurs } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { inspectContainer } from './inspect-container.js'

/** The conflict, with the holder's id and whether this host made it. */
export async function findNameHolder(
  engine: DockerEngine,
  conflict: HostError<'NAME_CONFLICT'>,
  call: EngineCall,
): Promise<unknown> {
  const { name, holderId = name } = conflict.facts
  try {
    const holder = await inspectContainer(engine, { ...call, subject: holderId })
    const facts = { name, holderId: holder.Id, ours: isOurs(holder.Config?.Labels, engine.ownerLabels) }
    return createHostError('NAME_CONFLICT', facts, { cause: conflict.cause })
  } catch (error) {
    call.signal?.throwIfAborted()
    return isHostError(error, 'CONTAINER_NOT_FOUND') ? conflict : error
  }
}
