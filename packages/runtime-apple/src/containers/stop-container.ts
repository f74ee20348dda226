import type { Operation } from '@capstan/core/plugin'
import { type AppleRuntimeContext, ifPresent } from '../apple-runtime-context.js'

/** Stops with the stop signal, and kills after the grace period. Not running, or gone: resolves. */
export async function stopContainer(
  context: AppleRuntimeContext,
  id: string,
  { call, graceMs }: { readonly call: Operation; readonly graceMs: number },
): Promise<void> {
  const time = String(Math.ceil(graceMs / 1000))
  const limits = { subject: id, extraMs: graceMs }
  const stopping = context.run(['stop', `--time=${time}`, id], { ...call, ...limits })
  await ifPresent(stopping, 'CONTAINER_NOT_FOUND')
  await waitForSessionEnd(context, id)
}

/** Removes by force. Gone: resolves. */
export async function removeContainer(context: AppleRuntimeContext, id: string, call: Operation): Promise<void> {
  const removing = context.run(['delete', '--force', id], { ...call, subject: id, limit: 'removeMs' })
  await ifPresent(removing, 'CONTAINER_NOT_FOUND')
  await waitForSessionEnd(context, id)
  context.records.remove(id)
}

/** Waits for the end of the session. The command drains output for up to 3 seconds after the exit; it is killed after 5. */
export async function waitForSessionEnd({ records }: AppleRuntimeContext, id: string): Promise<void> {
  const session = records.find(id)?.session
  if (session === undefined) return
  const timer = setTimeout(session.killCommand, drainMs)
  await session.outcome
  clearTimeout(timer)
}

const drainMs = 5_000
