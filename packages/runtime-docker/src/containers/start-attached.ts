import type { AttachOptions } from '@capstan/core'
import { createHostError, delay, linkSignals, type Operation } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toConnectionLost } from '../engine/streams/lost-connection.js'
import type { ExitResult } from '../quirks/missed-exits.js'
import { openAttach, pump } from './attach.js'
import { inspectContainer, isStillRunning, mayRestart } from './inspection/inspect-container.js'
import { openWait, type PendingExit } from './pending-exit.js'
import { resizeStarted } from './resize-terminal.js'
import { type PreparedStart, type PrepareStart, startPrepared } from './start-container.js'
import { stopContainer } from './stop-container.js'

/**
 * Attaches and opens the wait before the start, so that no output and no exit code of a short process is lost. Resolves
 * with the exit code after all output.
 *
 * On failure and abort both connections are destroyed, and a started container is stopped, unless the runtime is closed.
 */
export async function startAttached(
  engine: DockerEngine,
  { prepare, ...options }: AttachOptions & { readonly prepare: PrepareStart },
  call: Operation,
): Promise<number> {
  const prepared = await prepare(engine, call)
  call.undo.add('preparation of the start', () => prepared.release())
  const exitCode = await runAttached(engine, prepared, { ...options, call })
  await prepared.release()
  return exitCode
}

async function runAttached(
  engine: DockerEngine,
  prepared: PreparedStart,
  { call, ...options }: AttachOptions & { readonly call: Operation },
): Promise<number> {
  const { subject: id, undo } = call
  const { initialSize } = options
  const container = await inspectContainer(engine, call)
  const { Config, HostConfig, State } = container
  if (State?.Status === 'paused') throw createHostError('NOT_RUNNING', { id, state: 'paused' })
  const isTerminal = Config?.Tty === true
  const condition = HostConfig?.AutoRemove === true ? 'removed' : 'next-exit'
  const startDone = createDeferred()
  const callDuringStart: EngineCall = { ...call, pingAfter: startDone.promise }
  const connection = await openAttach(engine, callDuringStart, { ...options, isTerminal })
  undo.add('attachment', async () => void connection.socket.destroy())
  const pending = await openWait(engine, { call: callDuringStart, condition, endedBefore: State?.FinishedAt })
  undo.add('wait', async () => pending.close())
  if (State?.Running !== true) {
    // Closing the runtime stops no container.
    const isClosed = () => call.signal.aborted && options.signal?.aborted !== true
    undo.add(`start of ${id}`, async (own) => {
      if (!isClosed()) await stopContainer(engine, id, { graceMs: undoGraceMs, ...own })
    })
  }
  const pumped = pump(engine, connection, { ...options, isTerminal, call })
  const started = startPrepared(engine, prepared, call)
  const sized = started.then(() => {
    startDone.resolve()
    return isTerminal && initialSize ? resizeStarted(engine, initialSize, call) : undefined
  })
  await Promise.all([pumped, sized])
  // A container that the engine starts again runs, although its output has ended.
  if (mayRestart(container)) return requireExitCode(await pending.exitCode, call)
  return await awaitExit(engine, pending, call)
}

/** Creates a promise and the function that resolves it. */
function createDeferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((fulfill) => (resolve = fulfill))
  return { promise, resolve }
}

/**
 * Resolves with the exit code, which follows the end of the output. Rejects with CONNECTION_LOST when the container
 * still runs.
 */
async function awaitExit(engine: DockerEngine, { exitCode }: PendingExit, call: EngineCall): Promise<number> {
  const linked = linkSignals([call.signal])
  const checked = rejectWhileRunning(engine, { ...call, signal: linked.signal })
  checked.catch(() => {}) // ignored when the exit code arrives first
  try {
    return requireExitCode(await Promise.race([exitCode, checked.then(() => exitCode)]), call)
  } finally {
    linked.abort()
    linked.unlink()
  }
}

function requireExitCode(code: ExitResult, { subject: id }: EngineCall): number {
  if (code !== 'replaced') return code
  throw createHostError('EXIT_CODE_UNKNOWN', { id, reason: 'another start has replaced the container' })
}

async function rejectWhileRunning(engine: DockerEngine, call: EngineCall): Promise<void> {
  await delay(exitCodeDelayMs, call)
  if (await isStillRunning(engine, call)) throw toConnectionLost(engine)
}

/** The time for the exit code to arrive after the end of the output, before the container is inspected. */
const exitCodeDelayMs = 200
const undoGraceMs = 1_000
