import { isHostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { InspectedContainer } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import type { ExitResult } from '../quirks/missed-exits.js'
import { hasEnded } from './inspection/convert-container.js'
import { findExitEvents } from './inspection/exit-event.js'
import { findContainer, inspectContainer } from './inspection/inspect-container.js'
import { openWait, type PendingExit } from './pending-exit.js'

/**
 * Waits for the start and the exit, and resolves with the exit code. Rejects with EXIT_CODE_UNKNOWN when it is lost,
 * and with CONTAINER_NOT_FOUND if the container does not exist.
 *
 * The wait is opened before the inspection, so that an exit in between is not missed.
 */
export async function waitContainer(engine: DockerEngine, call: EngineCall): Promise<number> {
  let endWait = () => {}
  try {
    for (;;) {
      const pending = await openWait(engine, { call, condition: 'next-exit' })
      endWait()
      const code = await waitOnce(engine, { pending, call }, (firstId) => {
        endWait = engine.containers.addWait(firstId)
      })
      if (code !== 'replaced') return code
    }
  } finally {
    endWait()
  }
}

/** Waits once. `onNotStarted` gets the id of a container in the state `created`. */
async function waitOnce(
  engine: DockerEngine,
  { pending, call }: Omit<WaitContext, 'wasNotStarted'>,
  onNotStarted: (id: string) => void,
): Promise<ExitResult> {
  try {
    const seen = await findContainer(engine, call)
    if (seen !== undefined && hasEnded(seen)) return readCode(seen, call.subject)
    const wasNotStarted = seen?.State?.Status === 'created' || seen === undefined
    if (seen !== undefined && wasNotStarted) onNotStarted(seen.Id)
    return await settle(engine, { pending, call, wasNotStarted })
  } finally {
    pending.close()
  }
}

interface WaitContext {
  readonly pending: PendingExit
  readonly call: EngineCall
  /** Whether it was `created` or not found after the wait was opened: an answer may be for its removal, not its exit. */
  readonly wasNotStarted: boolean
}

async function settle(engine: DockerEngine, waiting: WaitContext): Promise<ExitResult> {
  const { pending, call, wasNotStarted } = waiting
  try {
    const code = await pending.exitCode
    return wasNotStarted || code === 'replaced' ? await confirmExitCode(engine, waiting, code) : code
  } catch (error) {
    call.signal?.throwIfAborted()
    if (!isHostError(error, 'CONNECTION_LOST')) throw error
    // The engine may have restarted and have recorded the exit.
    const container = await inspectContainer(engine, call).catch(() => undefined)
    if (container !== undefined && hasEnded(container)) return readCode(container, call.subject)
    throw error
  }
}

/**
 * Inspects the container after an answer. Resolves with the recorded code, or with `replaced`. A 0 for a removed
 * container is accepted only if the events have its exit, since engines also answer 0 for the removal of a container
 * that never ran.
 */
async function confirmExitCode(
  engine: DockerEngine,
  { call, pending }: WaitContext,
  code: ExitResult,
): Promise<ExitResult> {
  const container = await findContainer(engine, call)
  if (container !== undefined && hasEnded(container)) return readCode(container, call.subject)
  if (container !== undefined && (code === 'replaced' || engine.containers.findSandboxed(container.Id))) {
    return 'replaced'
  }
  if (code !== 0 && code !== 'replaced') return code
  const last = (await findExitEvents(engine, { ...call, since: pending.openedAt })).at(-1)
  if (last !== undefined) return last.exitCode
  throw toUnknown(call.subject, 'it was removed, and whether it ran is unknown')
}

function readCode({ State }: InspectedContainer, id: string): number {
  if (typeof State?.ExitCode === 'number') return State.ExitCode
  throw toUnknown(id, 'the engine does not report it')
}

function toUnknown(id: string, reason: string): unknown {
  return createHostError('EXIT_CODE_UNKNOWN', { id, reason })
}
