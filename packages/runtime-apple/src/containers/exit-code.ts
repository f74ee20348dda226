import { runtimeCapability } from '@capstan/core'
import { createHostError, delay, type Operation, untilAborted } from '@capstan/core/plugin'
import { isServiceGone } from '../apple-errors.js'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import type { SessionOutcome } from '../sessions/container-session.js'
import { toContainerState, tryFindContainer } from './queries/find-container.js'

/** Resolves with the exit code, which only the runtime that started the container knows. */
export async function waitContainer(context: AppleRuntimeContext, id: string, call: Operation): Promise<number> {
  for (let isFirst = true; ; isFirst = false) {
    const session = context.records.find(id)?.session
    if (session !== undefined) return toExitCode(id, await untilAborted(session.outcome, call.signal))
    const found = await tryFindContainer(context, id, call)
    if (found === 'unknown' || context.records.find(id)?.session !== undefined) continue
    if (found === 'gone') {
      if (isFirst) throw createHostError('CONTAINER_NOT_FOUND', { id })
      throw toExitCodeUnknown(id, 'it was removed before this process saw its end')
    }
    const state = toContainerState(context, found)
    if (state === 'running' || state === 'stopping')
      context.checkOption(runtimeCapability, 'foreignContainers.exitCode', id)
    if (state === 'exited')
      throw toExitCodeUnknown(id, 'this process did not see its end, and the command keeps no exit codes')
    await context.records.untilChanged(id, delay(pollMs, call))
    call.signal.throwIfAborted()
  }
}

/** Returns the exit code of a session. A session without one: EXIT_CODE_UNKNOWN. */
export function toExitCode(id: string, { exitCode, failure }: SessionOutcome): number {
  if (exitCode === undefined) throw toExitCodeUnknown(id, notSeen)
  if (failure !== undefined && isServiceGone(failure)) throw toExitCodeUnknown(id, 'the service stopped while it ran')
  return exitCode
}

/** Creates EXIT_CODE_UNKNOWN. */
export function toExitCodeUnknown(id: string, reason: string): Error {
  return createHostError('EXIT_CODE_UNKNOWN', { id, reason })
}

const notSeen = 'the command that was attached to it was killed or could not be started'
const pollMs = 250
