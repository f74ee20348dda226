import { isHostError, type OperationOptions, type TerminalSize, validateTerminalSize } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { pause } from '../pause.js'
import { toContainerName, toContainerState } from './container-shapes.js'
import { inspectContainer, validateContainerId } from './inspect-container.js'
import type { KeptSettings } from './kept-settings.js'

/** Sets the size of a container's terminal. Not started yet: kept for the start. Ended: nothing. Gone: CONTAINER_NOT_FOUND. */
export async function resizeTerminal(
  engine: DockerEngine,
  kept: KeptSettings,
  id: string,
  { signal, ...size }: TerminalSize & OperationOptions,
): Promise<void> {
  validateContainerId(id)
  validateTerminalSize(size)
  const call: EngineCall = { operation: 'resizeTTY', subject: id, signal }
  try {
    await resize(engine, size, call)
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) throw error
    const { Id, Name, State } = await inspectContainer(engine, call)
    const state = toContainerState(State?.Status)
    if (state === 'created') kept.keep(Id, toContainerName(Name), { size })
    else if (state === 'running') throw error
  }
}

/** Just after a start the process may not be there yet: repeated for a while, and let go then. A size is no reason to fail. */
export async function resizeStarted(engine: DockerEngine, size: TerminalSize, call: EngineCall): Promise<void> {
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    try {
      return await resize(engine, size, call)
    } catch (error) {
      call.signal?.throwIfAborted()
      if (isHostError(error, 'CONNECTION_LOST') || isHostError(error, 'RUNTIME_UNAVAILABLE')) throw error
      await pause(betweenMs, call)
    }
  }
}

async function resize(engine: DockerEngine, { height, width }: TerminalSize, call: EngineCall): Promise<void> {
  const api = await engine.api(call)
  await api.getContainer(call.subject).resize({ _query: { h: height, w: width }, _body: {} })
}

const mostAttempts = 5
const betweenMs = 20
