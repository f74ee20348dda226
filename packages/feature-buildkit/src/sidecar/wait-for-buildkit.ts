import { isHostError } from '@capstan/core'
import { type Argv, delay } from '@capstan/core/plugin'
import { type ControlConnection, dialCommand } from '../control/control-connection.js'

/**
 * Resolves when BuildKit has answered a call. The command waits in the sidecar for the socket and then connects. The
 * connection stays open for later calls.
 *
 * Tries again while the daemon does not listen and when the connection is lost, until `signal` aborts. Rejects with any other
 * error.
 */
export async function waitForBuildKit(
  control: ControlConnection,
  { socketPath, timeoutMs, signal }: SocketWait & { readonly signal: AbortSignal },
): Promise<void> {
  const command = toWaitCommand(dialCommand, { socketPath, timeoutMs })
  for (;;) {
    try {
      const client = await control.connect({ command, signal })
      await client.info({ signal })
      return
    } catch (error) {
      signal.throwIfAborted()
      if (!isNotReady(error)) throw error
    }
    await delay(retryMs, { signal })
  }
}

export interface SocketWait {
  readonly socketPath: string
  readonly timeoutMs: number
}

/** Waits until the socket exists or the time is over, and executes the command then. */
function toWaitCommand(command: Argv, { socketPath, timeoutMs }: SocketWait): Argv {
  return ['sh', '-c', waitScript, 'capstan-wait', socketPath, String(Math.ceil(timeoutMs / 10)), ...command]
}

const waitScript = `socket=$1; n=$2; shift 2
while [ ! -e "$socket" ] && [ "$n" -gt 0 ]; do sleep 0.01; n=$((n-1)); done
exec "$@"`

function isNotReady(error: unknown): boolean {
  if (isHostError(error, 'CONNECTION_LOST')) return true
  return isHostError(error, 'OPERATION_FAILED') && notListening.test(error.facts.reason)
}

const retryMs = 50
/** The error of `buildctl dial-stdio` while the daemon does not listen. */
const notListening = /connection refused|no such file or directory/i
