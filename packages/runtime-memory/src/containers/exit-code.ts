import { createHostError, untilAborted } from '@capstan/core/plugin'
import type { MemoryContainer } from './state/memory-container.js'

/** The exit code of the run that is, or was, or is to come. */
export async function waitContainer(container: MemoryContainer, signal: AbortSignal): Promise<number> {
  const { events, id } = container
  while (container.run === undefined) {
    if (events.isRemoved) throw createHostError('EXIT_CODE_UNKNOWN', { id, reason: 'it was removed before it ran' })
    await untilAborted(events.startedOrRemoved(), signal)
  }
  return await untilAborted(container.run.ended, signal)
}
