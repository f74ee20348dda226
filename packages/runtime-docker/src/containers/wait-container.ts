import { isHostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { InspectedContainer } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { hasEnded } from './container-shapes.js'
import { findExitEventCode } from './exit-event.js'
import { findContainer, inspectContainer } from './inspect-container.js'
import { openWait, type PendingExit } from './pending-exit.js'

/**
 * Waits for start and exit; the true exit code, else EXIT_CODE_UNKNOWN. Gone before the call: CONTAINER_NOT_FOUND.
 *
 * The wait is open before the container is looked at: an exit in between is seen by the one or by the other.
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
      if (code !== undefined) return code
      // Otherwise a start under firewall rules has replaced the container.
    }
  } finally {
    endWait()
  }
}

/** The exit code; `undefined` where the container was replaced meanwhile. `onCreated` gets the id of one not started yet. */
async function waitOnce(
  engine: DockerEngine,
  { pending, call }: Omit<Waiting, 'wasCreated'>,
  onCreated: (id: string) => void,
): Promise<number | undefined> {
  try {
    const seen = await findContainer(engine, call)
    if (seen !== undefined && hasEnded(seen)) return readCode(seen, call.subject)
    const wasCreated = seen?.State?.Status === 'created' || seen === undefined
    if (seen !== undefined && wasCreated) onCreated(seen.Id)
    return await settle(engine, { pending, call, wasCreated })
  } finally {
    pending.close()
  }
}

interface Waiting {
  readonly pending: PendingExit
  readonly call: EngineCall
  /** It was not seen to run, so that an answer may tell of its removal and not of its exit. */
  readonly wasCreated: boolean
}

async function settle(engine: DockerEngine, waiting: Waiting): Promise<number | undefined> {
  const { pending, call, wasCreated } = waiting
  try {
    const code = await pending.exitCode
    return wasCreated ? await confirm(engine, waiting, code) : code
  } catch (error) {
    call.signal?.throwIfAborted()
    if (!isHostError(error, 'CONNECTION_LOST')) throw error
    // The engine may have come back, with the container's end in its books.
    const container = await inspectContainer(engine, call).catch(() => undefined)
    if (container !== undefined && hasEnded(container)) return readCode(container, call.subject)
    throw error
  }
}

/** An engine answers 0 for the removal of a container that never ran: that is not its exit code. */
async function confirm(engine: DockerEngine, { call, pending }: Waiting, code: number): Promise<number | undefined> {
  const container = await findContainer(engine, call)
  if (container !== undefined && hasEnded(container)) return readCode(container, call.subject)
  if (container !== undefined && engine.containers.findSandboxed(container.Id) !== undefined) return undefined
  if (code !== 0) return code
  const known = await findExitEventCode(engine, { ...call, since: pending.openedAt })
  if (known !== undefined) return known
  throw toUnknown(call.subject, 'it was removed, and is not known to have run')
}

function readCode({ State }: InspectedContainer, id: string): number {
  if (typeof State?.ExitCode === 'number') return State.ExitCode
  throw toUnknown(id, 'the engine does not tell it')
}

function toUnknown(id: string, reason: string): unknown {
  return createHostError('EXIT_CODE_UNKNOWN', { id, reason })
}
