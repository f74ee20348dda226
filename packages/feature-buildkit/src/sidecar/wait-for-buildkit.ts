import { isHostError, type OperationOptions } from '@capstan/core'
import { delay } from '@capstan/core/plugin'
import { type ControlConnection, dialStdioCommand } from '../control/control-connection.js'

/**
 * Resolves when BuildKit has answered a call. The command waits in the sidecar for the socket and then connects. The
 * connection stays open for later calls.
 *
 * Tries again while the daemon does not listen and when the connection is lost, until `signal` aborts. Rejects with any other
 * error.
 */
export async function waitForBuildKit(
  control: ControlConnection,
  { socketPath, timeoutMs, signal }: OperationOptions & { readonly socketPath: string; readonly timeoutMs: number },
): Promise<void> {
  const times = String(Math.ceil(timeoutMs / 10))
  const command = ['sh', '-c', waitScript, 'capstan-wait', socketPath, times, ...dialStdioCommand]
  for (;;) {
    try {
      const client = await control.connect({ command, signal })
      await client.ping({ signal })
      return
    } catch (error) {
      signal?.throwIfAborted()
      if (!isNotReady(error)) throw error
    }
    await delay(retryMs, { signal })
  }
}

/** Waits until the socket exists, at most `$times` times 10 ms, and then executes the command. */
const waitScript = `socket=$1; times=$2; shift 2
while [ ! -e "$socket" ] && [ "$times" -gt 0 ]; do sleep 0.01; times=$((times-1)); done
exec "$@"`

function isNotReady(error: unknown): boolean {
  if (isHostError(error, 'CONNECTION_LOST')) return true
  return isHostError(error, 'OPERATION_FAILED') && notListening.test(error.facts.reason)
}

const retryMs = 50
/** The error of `buildctl dial-stdio` while the daemon does not listen. */
const notListening = /connection refused|no such file or directory/i
