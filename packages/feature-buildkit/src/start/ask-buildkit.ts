import { isHostError, untilAborted } from '@capstan/core'
import { type ControlConnection, dialCommand } from '../control/control-connection.js'
import { pause } from '../pause.js'
import { toWaitCommand } from '../scripts.js'
import type { Daemon } from './daemon.js'

/**
 * Resolves when BuildKit has answered a call: one command that waits in the sidecar for the socket, and connects then.
 * The connection stays open, for what is asked next.
 *
 * Fails for what will not change; what only says that the daemon is not there yet is asked again.
 */
export async function askBuildKit(
  control: ControlConnection,
  { rung }: Daemon,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const command = toWaitCommand(dialCommand, { socketPath: rung.layout.socketPath, timeoutMs })
  for (;;) {
    try {
      const client = await control.connect({ command, signal })
      await client.info({ signal })
      return
    } catch (error) {
      signal.throwIfAborted()
      if (!isNotReady(error)) throw error
    }
    await untilAborted(pause(betweenMs), signal)
  }
}

function isNotReady(error: unknown): boolean {
  if (isHostError(error, 'CONNECTION_LOST')) return true
  return isHostError(error, 'OPERATION_FAILED') && notReady.test(error.facts.reason)
}

const betweenMs = 50
/** The words of `buildctl dial-stdio` while nothing listens yet. */
const notReady = /connection refused|no such file or directory/i
