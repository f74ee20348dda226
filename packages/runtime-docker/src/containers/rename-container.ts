import { isHostError } from '@capstan/core'
import { toContainerName } from '../engine/container-name.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findNameHolder } from './container-create-error.js'
import { inspectContainer } from './inspection/inspect-container.js'

/** Gives a container another name. Resolves if it has that name already, for which engines differ. */
export async function renameContainer(engine: DockerEngine, name: string, call: EngineCall): Promise<void> {
  const { Id: id, Name } = await inspectContainer(engine, call)
  if (toContainerName(Name) === name) return
  try {
    // The name is the subject, which becomes the name in NAME_CONFLICT.
    const request = {
      ...call,
      subject: name,
      method: 'POST',
      path: `/containers/${id}/rename`,
      query: { name },
    } as const
    await engine.sendJson(request)
  } catch (error) {
    throw isHostError(error, 'NAME_CONFLICT') ? await findNameHolder(engine, error, call) : error
  }
  engine.containers.rename(id, name)
}
