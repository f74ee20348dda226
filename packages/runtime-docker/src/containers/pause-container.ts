import { type ContainerState, isHostError } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { withState } from './inspection/not-running.js'

/** Suspends the processes of a container. Resolves if it is already paused. */
export async function pauseContainer(engine: DockerEngine, call: EngineCall): Promise<void> {
  await changeTo('paused', engine, { call, action: 'pause' })
}

/** Continues the processes of a container. Resolves if it runs. */
export async function unpauseContainer(engine: DockerEngine, call: EngineCall): Promise<void> {
  await changeTo('running', engine, { call, action: 'unpause' })
}

/** Unpauses a container that was paused a moment ago. Resolves if it was unpaused, has ended or was removed meanwhile. */
export async function unpauseIfPaused(engine: DockerEngine, call: EngineCall): Promise<void> {
  await ignoreErrors(['NOT_RUNNING', 'CONTAINER_NOT_FOUND'], unpauseContainer(engine, call))
}

async function changeTo(
  wanted: ContainerState,
  engine: DockerEngine,
  { call, action }: { readonly call: EngineCall; readonly action: 'pause' | 'unpause' },
): Promise<void> {
  try {
    await engine.sendJson({ ...call, method: 'POST', path: `/containers/${call.subject}/${action}` })
  } catch (error) {
    const failure = await withState(engine, error, call)
    if (!isHostError(failure, 'NOT_RUNNING') || failure.facts.state !== wanted) throw failure
  }
}
