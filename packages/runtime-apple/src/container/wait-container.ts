import { createHostError, delay, untilAborted } from '@capstan/core'
import type { AppleCall, AppleConnection } from '../apple-connection.js'
import { isServiceGone } from '../apple-errors.js'
import type { SessionOutcome } from '../session/container-session.js'
import { inspectBeside, toContainerState } from './find-container.js'

/** The true code of what this runtime has started; of anything else none is known to anybody. */
export async function waitContainer(connection: AppleConnection, id: string, call: AppleCall): Promise<number> {
  for (let isFirst = true; ; isFirst = false) {
    const session = connection.kept.find(id)?.session
    if (session !== undefined) return toExitCode(id, await untilAborted(session.outcome, call.signal))
    const found = await inspectBeside(connection, id, call)
    if (found === 'unknown' || connection.kept.find(id)?.session !== undefined) continue
    if (found === 'gone') {
      if (isFirst) throw createHostError('CONTAINER_NOT_FOUND', { id })
      throw toUnknown(id, 'it was removed before its end was seen')
    }
    const state = toContainerState(connection, found)
    if (state === 'running' || state === 'stopping') connection.refuse('foreignContainers.exitCode', id)
    if (state === 'exited') throw toUnknown(id, 'its end was not seen by this process, and the command keeps no code')
    await connection.kept.untilChanged(id, delay(pollMs, call))
    call.signal.throwIfAborted()
  }
}

export function toExitCode(id: string, { exitCode, failure }: SessionOutcome): number {
  if (exitCode === undefined) throw toUnknown(id, 'the command that held it was ended')
  if (failure !== undefined && isServiceGone(failure)) throw toUnknown(id, 'the service went away while it ran')
  return exitCode
}

function toUnknown(id: string, reason: string): Error {
  return createHostError('EXIT_CODE_UNKNOWN', { id, reason })
}

const pollMs = 250
