import type { AppleCall, AppleConnection } from '../apple-connection.js'
import { orGone } from '../apple-connection.js'

/** Politely, then by force; not running, or gone: resolves. */
export async function stopContainer(
  connection: AppleConnection,
  id: string,
  { call, graceMs }: { readonly call: AppleCall; readonly graceMs: number },
): Promise<void> {
  const time = String(Math.ceil(graceMs / 1000))
  const limits = { subject: id, extraMs: graceMs }
  const stopping = connection.run(['stop', `--time=${time}`, id], { ...call, ...limits })
  await orGone(stopping, 'CONTAINER_NOT_FOUND')
  await settle(connection, id)
}

/** By force; gone: resolves. */
export async function removeContainer(connection: AppleConnection, id: string, call: AppleCall): Promise<void> {
  const removing = connection.run(['delete', '--force', id], { ...call, subject: id, limit: 'removeMs' })
  await orGone(removing, 'CONTAINER_NOT_FOUND')
  await settle(connection, id)
  connection.kept.forget(id)
}

/** The command line drains the output for up to 3 seconds after the end; one that hangs longer is ended. */
async function settle({ kept }: AppleConnection, id: string): Promise<void> {
  const session = kept.find(id)?.session
  if (session === undefined) return
  const timer = setTimeout(session.end, drainMs)
  await session.outcome
  clearTimeout(timer)
}

const drainMs = 5_000
