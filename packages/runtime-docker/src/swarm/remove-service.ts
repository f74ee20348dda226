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
  const about = { ...call, subject: service.ID }
  await deleteService(engine, about)
  await untilTasksAreGone(engine, service.Spec.Name, about)
}

/** Deletes the service given by the call's subject and does not wait for its tasks. Resolves also when it does not exist. */
export async function deleteService(engine: DockerEngine, call: EngineCall): Promise<void> {
  const path = `/services/${call.subject}`
  await ignoreErrors(['SERVICE_NOT_FOUND'], engine.sendJson({ ...call, method: 'DELETE', path }))
}

/** Resolves when the removed service given by the call's subject has no tasks. They are listed by its `name`. */
export async function untilTasksAreGone(engine: DockerEngine, name: string, call: EngineCall): Promise<void> {
  for (;;) {
    const tasks = await listSwarmTasks(engine, { names: [name] }, call)
    const own = tasks.filter(({ ServiceID }) => ServiceID === call.subject)
    const lostNodes = await findLostNodes(engine, own, call)
    if (own.every(({ NodeID }) => NodeID !== undefined && lostNodes.has(NodeID))) return
    await delay(pollMs, call)
  }
}

const pollMs = 100
