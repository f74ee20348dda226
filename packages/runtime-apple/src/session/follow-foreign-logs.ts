import { type LinkedSignal, linkSignals } from '@capstan/core'
import type { AppleConnection } from '../apple-connection.js'
import { findContainer, findContainerOrGone } from '../container/find-container.js'
import { pause } from '../container/pause.js'
import type { LogCall } from './read-logs.js'

/**
 * `logs --follow` of a container that another process has started. It never ends by itself: the state of the container
 * is asked for, and after its end what is still on the way is waited for.
 */
export async function* followForeignLogs(
  connection: AppleConnection,
  id: string,
  { call, tailLines }: { readonly call: LogCall; readonly tailLines: number | undefined },
): AsyncGenerator<Uint8Array> {
  await findContainer(connection, id, call)
  const last = tailLines === undefined ? [] : ['-n', String(tailLines)]
  const session = await connection.cli.open(['logs', '--follow', ...last, id], { stdin: false })
  const { signal } = call
  signal.addEventListener('abort', session.end, { once: true })
  if (signal.aborted) session.end()
  const watch = linkSignals([signal])
  void endAfterStop(connection, id, { call, watch, end: session.end })
  let stderr = ''
  session.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-2000)
  })
  try {
    for await (const bytes of session.stdout) yield bytes
    const exitCode = await session.exitCode
    if (exitCode !== undefined && exitCode !== 0) throw connection.toError({ exitCode, stderr }, call)
  } finally {
    watch.abort()
    watch.unlink()
    signal.removeEventListener('abort', session.end)
    session.end()
  }
}

interface Watch {
  readonly call: LogCall
  readonly watch: LinkedSignal
  readonly end: () => void
}

/** The log is written before the state changes: what comes after that is only on its way. */
async function endAfterStop(connection: AppleConnection, id: string, { call, watch, end }: Watch): Promise<void> {
  const own = { ...call, signal: watch.signal }
  try {
    for (;;) {
      await pause(pollMs, own.signal)
      const state = (await findContainerOrGone(connection, id, own))?.state
      if (state !== 'running' && state !== 'stopping') break
    }
    await pause(drainMs, own.signal)
  } catch {
    // Aborted, or the service is gone: the follower itself tells.
    await pause(drainMs, own.signal)
  }
  end()
}

const pollMs = 500
const drainMs = 500
