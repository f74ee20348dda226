import { createHostError, type TerminalSize } from '@capstan/core'
import type { AppleCall, AppleConnection } from '../apple-connection.js'
import { findContainer, toContainerState } from './find-container.js'

/** Resizes the terminal of the session. Before the start the size is kept; without a terminal nothing happens. */
export async function resizeTerminal(
  connection: AppleConnection,
  id: string,
  { size, call }: { readonly size: TerminalSize; readonly call: AppleCall },
): Promise<void> {
  const session = connection.kept.find(id)?.session
  if (session !== undefined && session.ended === undefined) return session.resize(size)
  const found = await findContainer(connection, id, call)
  const state = toContainerState(connection, found)
  if (state === 'running' && found.hasTerminal) {
    throw createHostError('NOT_ATTACHABLE', { id, reason: connection.reasonFor('foreignContainers.output') })
  }
  connection.kept.require(id).terminalSize = size
}
