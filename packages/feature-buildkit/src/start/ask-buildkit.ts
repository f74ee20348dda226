import { createHostError } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { runExec } from '../run-exec.js'
import { toWaitCommand } from '../scripts.js'
import type { Daemon } from './daemon.js'

/**
 * Resolves when BuildKit has answered a call: one command that waits in the sidecar for the socket, and asks then.
 *
 * Fails for what will not change; what only says that the daemon is not there yet is asked again.
 */
export async function askBuildKit(
  { execs }: BuildKitManagers,
  { id, rung }: Daemon,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const command = toWaitCommand(['buildctl', 'debug', 'workers'], { socketPath: rung.layout.socketPath, timeoutMs })
  for (;;) {
    const { exitCode, stderr } = await runExec(execs, id, { command, signal })
    if (exitCode === 0) return
    if (!notReady.test(stderr)) throw toFailure(id, `buildctl ended with exit code ${exitCode}: ${stderr.trim()}`)
    await new Promise((resolve) => setTimeout(resolve, betweenMs))
    signal.throwIfAborted()
  }
}

function toFailure(id: string, reason: string): Error {
  const subject = `container "${id}"`
  return createHostError('OPERATION_FAILED', { operation: 'start BuildKit', subject, status: undefined, reason })
}

const betweenMs = 50
/** The words of gRPC and of buildctl while nothing serves yet. */
const notReady = /error reading server preface|connection refused|no such file or directory|Unavailable/i
