import { type ContainerState, isHostError, type OperationOptions, type Runtime } from '@capstan/core'
import {
  checkTimeout,
  createHostError,
  delay,
  linkSignals,
  startDeadline,
  toErrorText,
  untilAborted,
} from '@capstan/core/plugin'
import type { WaitStrategy } from './wait-strategy.js'

/**
 * Waits until a container meets the condition of a strategy. The container may be started later.
 *
 * @throws HostError WAIT_FAILED when the container exits first, after the time limit, and when the strategy rejects with an
 * error that is not a HostError, with the last lines of the log, the state and the exit code. A HostError of the strategy.
 * CONTAINER_NOT_FOUND
 */
export async function waitFor(
  runtime: Runtime,
  id: string,
  strategy: WaitStrategy,
  { timeoutMs = 60_000, signal }: WaitForOptions = {},
): Promise<void> {
  checkTimeout('timeoutMs', timeoutMs)
  signal?.throwIfAborted()
  let problem: string | undefined
  const link = linkSignals([signal])
  const expire = () =>
    link.abort(new WaitEnd(`the condition was not met within ${timeoutMs / 1000} s`, { isTimeout: true }))
  const deadline = startDeadline(timeoutMs, expire)
  const onProblem = (text: string) => {
    problem = text
  }
  watchExit(runtime, id, link.signal).then(link.abort, link.abort)
  try {
    await untilAborted(strategy.wait({ runtime, id, signal: link.signal, onProblem }), link.signal)
  } catch (error) {
    signal?.throwIfAborted()
    const cause: unknown = link.signal.aborted ? link.signal.reason : error
    if (isHostError(cause)) throw cause
    throw await createWaitError(runtime, id, { awaited: strategy.title, cause, problem })
  } finally {
    deadline.clear()
    link.abort()
    link.unlink()
  }
}

/** Options of `waitFor`. */
export interface WaitForOptions extends OperationOptions {
  /** The limit of the whole wait, in milliseconds. Default 60 000. */
  readonly timeoutMs?: number
}

/** Why a wait ended before the strategy settled. */
class WaitEnd extends Error {
  readonly isTimeout: boolean
  readonly exitCode: number | undefined

  constructor(reason: string, { isTimeout = false, exitCode }: WaitEndFacts = {}) {
    super(reason)
    this.isTimeout = isTimeout
    this.exitCode = exitCode
  }
}

interface WaitEndFacts {
  readonly isTimeout?: boolean
  readonly exitCode?: number | undefined
}

/** Resolves when the container has exited and the engine does not start it again. */
async function watchExit(runtime: Runtime, id: string, signal: AbortSignal): Promise<WaitEnd> {
  for (;;) {
    const exitCode = await waitForExit(runtime, id, signal)
    // The engine may have removed the container at its exit.
    const state = await runtime.containerState(id, { signal }).catch(() => 'dead' as const)
    signal.throwIfAborted()
    if (hasEnded(state)) {
      return new WaitEnd(`it exited${exitCode === undefined ? '' : ` with code ${exitCode}`}`, { exitCode })
    }
    await delay(stateMs, { signal })
  }
}

/** Resolves with the exit code at the next exit; with `undefined` where the runtime does not know it. */
async function waitForExit(runtime: Runtime, id: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    return await runtime.waitContainer(id, { signal })
  } catch (error) {
    if (isHostError(error, 'EXIT_CODE_UNKNOWN')) return undefined
    if (!isHostError(error, 'OPTION_UNSUPPORTED')) throw error
    // This runtime cannot wait for a container that another process started.
    while (!hasEnded(await runtime.containerState(id, { signal }))) await delay(stateMs, { signal })
    return undefined
  }
}

function hasEnded(state: ContainerState): boolean {
  return state === 'exited' || state === 'dead'
}

interface WaitFailure {
  readonly awaited: string
  readonly cause: unknown
  /** The last problem that the strategy reported. */
  readonly problem: string | undefined
}

async function createWaitError(runtime: Runtime, id: string, { awaited, cause, problem }: WaitFailure) {
  const options = { signal: AbortSignal.timeout(factsMs) }
  const [state, lastLines] = await Promise.all([
    runtime.inspectContainer(id, options).then(
      (inspection) => inspection.state,
      () => undefined,
    ),
    readLastLines(runtime, id, options).catch(() => []),
  ])
  const end = cause instanceof WaitEnd ? cause : undefined
  const reason = `${toErrorText(cause)}${problem === undefined ? '' : ` (${problem})`}`
  const facts = { id, awaited, reason, isTimeout: end?.isTimeout === true, lastLines }
  const exitCode = end?.exitCode ?? state?.exitCode
  return createHostError(
    'WAIT_FAILED',
    { ...facts, state: state?.status ?? 'unknown', exitCode },
    end === undefined ? { cause } : {},
  )
}

async function readLastLines(runtime: Runtime, id: string, options: OperationOptions): Promise<readonly string[]> {
  const chunks: Uint8Array[] = []
  await using log = await runtime.containerLogs(id, { ...options, tailLines: lastLineCount })
  for await (const { bytes } of log) chunks.push(bytes)
  const lines = Buffer.concat(chunks).toString().trimEnd().split(/\r?\n/)
  return lines.filter((line, index) => index > 0 || line !== '').slice(-lastLineCount)
}

const stateMs = 100
const factsMs = 5_000
const lastLineCount = 20
