import { isHostError, type TerminalSize } from '@capstan/core'
import { poll } from '@capstan/core/plugin'
import { toContainerName } from '../engine/container-name.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toReason } from '../engine/engine-text.js'
import { isInconclusive } from '../engine/is-inconclusive.js'
import { toContainerState } from './inspection/convert-container.js'
import { findContainer, inspectContainer } from './inspection/inspect-container.js'

/**
 * Sets the size of a container's terminal. Before the start the size is stored. Does nothing for a container without a
 * terminal, and for one that is not running: exited, paused or restarting. Rejects with CONTAINER_NOT_FOUND if the
 * container does not exist.
 */
export async function resizeTerminal(engine: DockerEngine, size: TerminalSize, call: EngineCall): Promise<void> {
  try {
    await resize(engine, size, call)
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) throw error
    const { Id, Name, State, Config } = await inspectContainer(engine, call)
    if (Config?.Tty !== true) return
    const state = toContainerState(State?.Status)
    if (state === 'created') engine.containers.settings.add(Id, toContainerName(Name), { size })
    else if (state === 'running') throw error
  }
}

/**
 * Sets the size of a terminal after the start of its container. The process may not exist yet, so the request is
 * repeated for up to `execStartMs` while the container runs and the engine answers. If it still fails, warns. Rejects
 * for an abort and a lost connection.
 */
export async function resizeStarted(engine: DockerEngine, size: TerminalSize, call: EngineCall): Promise<void> {
  let failure: unknown
  const attempt = async () => {
    try {
      await resize(engine, size, call)
      return 'resized'
    } catch (error) {
      failure = error
      if (!isInconclusive(error)) throw error
      if (isHostError(error, 'TIMED_OUT')) return 'unanswered'
      return (await findContainer(engine, call))?.State?.Running === true ? undefined : 'ended'
    }
  }
  try {
    const result = await poll(attempt, { limitMs: engine.timeouts.execStartMs, signal: call.signal })
    if (result === 'resized' || result === 'ended') return
  } catch (error) {
    call.signal?.throwIfAborted()
    if (!isInconclusive(error)) throw error
  }
  engine.warn(`the terminal of container "${call.subject}" keeps its default size: ${toReason(failure)}`)
}

async function resize(engine: DockerEngine, { height, width }: TerminalSize, call: EngineCall): Promise<void> {
  const api = await engine.api(call)
  await api.getContainer(call.subject).resize({ _query: { h: height, w: width }, _body: {} })
}
