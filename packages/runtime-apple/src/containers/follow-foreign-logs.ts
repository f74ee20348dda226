import { delay, linkSignals, type StreamCall } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import { findContainer, tryFindContainer } from './queries/find-container.js'

/**
 * Follows the logs of a container that another process started. `logs --follow` never ends by itself, so the state of the
 * container is polled, and the command is killed shortly after the container has stopped.
 */
export async function* followForeignLogs(
  context: AppleRuntimeContext,
  id: string,
  { call, tailLines }: { readonly call: StreamCall; readonly tailLines: number | undefined },
): AsyncGenerator<Uint8Array> {
  await findContainer(context, id, call)
  const last = tailLines === undefined ? [] : ['-n', String(tailLines)]
  const session = await context.cli.open(['logs', '--follow', ...last, id], { stdin: false })
  const { signal } = call
  signal.addEventListener('abort', session.killCommand, { once: true })
  if (signal.aborted) session.killCommand()
  const watch = linkSignals([signal])
  const stopped = killAfterStop(context, { ...call, subject: id, signal: watch.signal }, session.killCommand)
  stopped.catch(() => {}) // Awaited at the end of the output.
  let stderr = ''
  session.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-2000)
  })
  try {
    for await (const bytes of session.stdout) yield bytes
    const exitCode = await session.exitCode
    if (exitCode === undefined) await stopped
    if (exitCode !== undefined && exitCode !== 0) throw context.toError({ exitCode, stderr }, call)
  } finally {
    watch.abort()
    watch.unlink()
    signal.removeEventListener('abort', session.killCommand)
    session.killCommand()
  }
}

/**
 * Kills the command after the container has stopped. The log is complete before the state changes; the delay lets the command
 * print the rest. Rejects if the state can no longer be read, because the log is then incomplete.
 */
async function killAfterStop(context: AppleRuntimeContext, call: StreamCall, killCommand: () => void): Promise<void> {
  try {
    for (let hasStopped = false; !hasStopped; ) {
      await delay(pollMs, call)
      const found = await tryFindContainer(context, call.subject, call)
      hasStopped = found !== 'unknown' && (found === 'gone' || !activeStates.has(found.state))
    }
  } finally {
    await delay(drainMs, call).catch(() => {}) // Rejects at once after an abort.
    killCommand()
  }
}

const activeStates: ReadonlySet<string> = new Set(['running', 'stopping'])
const pollMs = 500
const drainMs = 500
