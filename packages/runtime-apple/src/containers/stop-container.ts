import type { Operation } from '@capstan/core/plugin'
import { type AppleConnection, ifPresent } from '../apple-connection.js'

/** Stops with the stop signal, and kills after the grace period. Not running, or gone: resolves. */
export async function stopContainer(
  connection: AppleConnection,
  id: string,
  { call, graceMs }: { readonly call: Operation; readonly graceMs: number },
): Promise<void> {
  const time = String(Math.ceil(graceMs / 1000))
  const limits = { subject: id, extraMs: graceMs }
  const stopping = connection.run(['stop', `--time=${time}`, id], { ...call, ...limits })
  await ifPresent(stopping, 'CONTAINER_NOT_FOUND')
  await waitForSessionEnd(connection, id)
}

/** Removes by force. Gone: resolves. */
export async function removeContainer(connection: AppleConnection, id: string, call: Operation): Promise<void> {
  const removing = connection.run(['delete', '--force', id], { ...call, subject: id, limit: 'removeMs' })
  await ifPresent(removing, 'CONTAINER_NOT_FOUND')
  await waitForSessionEnd(connection, id)
  connection.records.remove(id)
}

/** Waits for the end of the session. The command drains output for up to 3 seconds after the exit; it is killed after 5. */
async function waitForSessionEnd({ records }: AppleConnection, id: string): Promise<void> {
  const session = records.find(id)?.session
  if (session === undefined) return
  const timer = setTimeout(session.killCommand, drainMs)
  await session.outcome
  clearTimeout(timer)
}

const drainMs = 5_000
