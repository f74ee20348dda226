import { delay } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { inspectSwarmService } from './services.js'
import { findLostNodes, listSwarmTasks } from './tasks.js'

/**
 * Removes the service given by the call's subject, and resolves when its tasks are gone. Resolves also when it does not exist. Tasks on
 * nodes that the swarm has lost stay in its lists until the nodes come back or are removed, so they do not count.
 */
export async function removeService(engine: DockerEngine, call: EngineCall): Promise<void> {
  const service = await ignoreErrors(['SERVICE_NOT_FOUND'], inspectSwarmService(engine, call))
  if (service === undefined) return
  const { ID: id, Spec } = service
  await ignoreErrors(['SERVICE_NOT_FOUND'], engine.sendJson({ ...call, method: 'DELETE', path: `/services/${id}` }))
  await untilTasksAreGone(engine, Spec.Name, { ...call, subject: id })
}

/** Resolves when no task is left of the removed service given by the call's subject. `name`: its name, by which its tasks are listed. */
export async function untilTasksAreGone(engine: DockerEngine, name: string, call: EngineCall): Promise<void> {
  for (;;) {
    const tasks = await listSwarmTasks(engine, { name }, call)
    const own = tasks.filter(({ ServiceID }) => ServiceID === call.subject)
    const lostNodes = await findLostNodes(engine, own, call)
    if (own.every(({ NodeID }) => NodeID !== undefined && lostNodes.has(NodeID))) return
    await delay(pollMs, call)
  }
}

const pollMs = 100
