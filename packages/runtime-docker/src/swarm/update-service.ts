import type { ConvergeOptions, ServiceChange } from '@capstan/core'
import type { Operation } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall, EngineRequest } from '../engine/docker-engine.js'
import { isOutOfSequence } from '../engine/docker-error-texts.js'
import { hasKnownOutcome } from '../engine/has-known-outcome.js'
import { waitUntilConverged } from './converge.js'
import { toChangedSpec } from './service-spec.js'
import { inspectSwarmService } from './services.js'
import type { ServiceSpec } from './swarm-answers.js'
import { toPullHeaders } from './task-template.js'
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
  const headers = change.image === undefined ? undefined : await toPullHeaders(engine, change.image, call)
  const { ID: id } = await inspectSwarmService(engine, call)
  const about = { ...call, subject: id }
  const earlier = new Set((await listSwarmTasks(engine, { service: id }, about)).map(({ ID }) => ID))
  let previous: ServiceSpec | undefined
  call.undo.add('update', async (own) => {
    const restored = previous
    if (restored !== undefined) await sendUpdate(engine, async () => restored, { ...about, ...own })
  })
  const toChanged = async (spec: ServiceSpec) => {
    const changed = await toChangedSpec(engine, change, spec, about)
    previous = spec
    return changed
  }
  try {
    await sendUpdate(engine, toChanged, { ...about, ...(headers && { headers }) })
  } catch (error) {
    // A refused update has changed nothing, and to restore the settings could revert a change of another client.
    if (hasKnownOutcome(error, call)) call.undo.clear()
    throw error
  }
  await waitUntilConverged(engine, { id, earlier }, options, call)
}

/** Sends changed settings. When another client has changed them meanwhile, reads them again and repeats the request. */
async function sendUpdate(
  engine: DockerEngine,
  toChanged: (spec: ServiceSpec) => Promise<ServiceSpec>,
  call: EngineCall & Pick<EngineRequest, 'headers'>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { headers: _headers, ...reading } = call
    const { Version, Spec } = await inspectSwarmService(engine, reading)
    const body = await toChanged(Spec)
    const query = { version: Version.Index }
    const path = `/services/${call.subject}/update`
    try {
      await engine.sendJson({ ...call, method: 'POST', path, query, body })
      return
    } catch (error) {
      if (attempt === mostAttempts || !isOutOfSequence(error)) throw error
    }
  }
}

const mostAttempts = 10
