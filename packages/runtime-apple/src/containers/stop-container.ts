import { constants } from 'node:os'
import { createHostError, type Operation } from '@capstan/core/plugin'
import { type AppleRuntimeContext, ifPresent } from '../apple-runtime-context.js'
import { toOption } from '../cli/options.js'
import { findContainerIfPresent } from './queries/find-container.js'

/** Stops with the stop signal, and kills after the grace period. Not running, or gone: resolves. */
export async function stopContainer(
  context: AppleRuntimeContext,
  id: string,
  { call, graceMs }: { readonly call: Operation; readonly graceMs: number },
): Promise<void> {
  const time = String(Math.ceil(graceMs / 1000))
  const signal = toOption('signal', (await findStopSignal(context, id, call))?.replace(/^SIG/, ''))
  const limits = { subject: id, extraMs: graceMs }
  const stopping = context.run(['stop', `--time=${time}`, ...signal, id], { ...call, ...limits })
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

/**
 * Checks that a signal exists, because the command accepts any text. Numbers are those of Linux, and are passed on.
 *
 * @throws HostError INVALID_ARGUMENT
 */
export function checkSignal(field: string, signal: string): void {
  const name = signal.startsWith('SIG') ? signal : `SIG${signal}`
  if (/^\d+$/.test(signal) || Object.hasOwn(constants.signals, name)) return
  const facts = { field, expected: 'a signal such as "SIGINT"', given: JSON.stringify(signal) }
  throw createHostError('INVALID_ARGUMENT', facts)
}

/** Finds the stop signal of the config. `undefined`: that of the image, which the command uses. */
async function findStopSignal(context: AppleRuntimeContext, id: string, call: Operation): Promise<string | undefined> {
  const record = context.records.find(id)
  if (record?.isCreatedHere) return record.stopSignal
  return (await findContainerIfPresent(context, id, call))?.labels[stopSignalLabel]
}

/** The stop signal of the config. The command has no option for it when it creates a container. */
export const stopSignalLabel = 'capstan.apple.stop-signal'

const drainMs = 5_000
