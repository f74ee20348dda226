import type { ConvergeOptions, ServiceChange } from '@capstan/core'
import type { Operation } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { isOutOfSequence } from '../engine/docker-error-texts.js'
import { waitUntilConverged } from './converge.js'
import { toChangedSpec } from './service-spec.js'
import { inspectSwarmService } from './services.js'
import { findFiles } from './stored-objects.js'
import type { ServiceSpec } from './swarm-answers.js'
import { listSwarmTasks } from './tasks.js'

/**
 * Changes the service given by the call's subject, and waits until it has converged. After an abort and after the time limit it gets its
 * previous settings again. The swarm itself restores them or pauses when a task fails.
 */
export async function updateService(
  engine: DockerEngine,
  change: ServiceChange,
  options: ConvergeOptions,
  call: Operation,
): Promise<void> {
  const files = await findFiles(engine, change, call)
  const { ID: id } = await inspectSwarmService(engine, call)
  const about = { ...call, subject: id }
  const earlier = new Set((await listSwarmTasks(engine, { service: id }, about)).map(({ ID }) => ID))
  let previous: ServiceSpec | undefined
  call.undo.add('update', async (own) => {
    const restored = previous
    if (restored !== undefined) await sendUpdate(engine, () => restored, { ...about, ...own })
  })
  await sendUpdate(
    engine,
    (spec) => {
      const changed = toChangedSpec(engine, { change, files }, spec)
      previous = spec
      return changed
    },
    about,
  )
  await waitUntilConverged(engine, { id, earlier }, options, call)
}

/** Sends changed settings. When another client has changed them meanwhile, reads them again and repeats the request. */
async function sendUpdate(
  engine: DockerEngine,
  toChanged: (spec: ServiceSpec) => ServiceSpec,
  call: EngineCall,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { Version, Spec } = await inspectSwarmService(engine, call)
    const query = { version: Version.Index }
    const path = `/services/${call.subject}/update`
    try {
      await engine.sendJson({ ...call, method: 'POST', path, query, body: toChanged(Spec) })
      return
    } catch (error) {
      if (attempt === mostAttempts || !isOutOfSequence(error)) throw error
    }
  }
}

const mostAttempts = 10
