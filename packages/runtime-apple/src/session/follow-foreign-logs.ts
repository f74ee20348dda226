import { delay, type LinkedSignal, linkSignals } from '@capstan/core'
import type { AppleConnection } from '../apple-connection.js'
import { findContainer, inspectBeside } from '../container/find-container.js'
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
  const stopped = endAfterStop(connection, id, { call, watch, end: session.end })
  stopped.catch(() => {}) // awaited at the end of the output
  let stderr = ''
  session.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-2000)
  })
  try {
    for await (const bytes of session.stdout) yield bytes
    const exitCode = await session.exitCode
    if (exitCode === undefined) await stopped
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

/**
 * Ends the follower after the end of the container: the log is written before the state changes, so what comes after that
 * is on its way. Rejects when the state can be asked for no more: the follower was then ended before its time.
 */
async function endAfterStop(connection: AppleConnection, id: string, { call, watch, end }: Watch): Promise<void> {
  const own = { ...call, signal: watch.signal }
  try {
    for (let isOver = false; !isOver; ) {
      await delay(pollMs, own)
      const seen = await inspectBeside(connection, id, own)
      isOver = seen !== 'unknown' && (seen === 'gone' || !goesOn.has(seen.state))
    }
  } finally {
    await delay(drainMs, own).catch(() => {}) // aborted: it ends at once
    end()
  }
}

const goesOn: ReadonlySet<string> = new Set(['running', 'stopping'])
const pollMs = 500
const drainMs = 500
