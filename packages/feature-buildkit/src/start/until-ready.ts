import {
  createHostError,
  isHostError,
  linkSignals,
  type OperationOptions,
  startDeadline,
  untilAborted,
} from '@capstan/core'
import type { BuildKitOptions } from '../buildkit-options.js'
import { type Daemon, sidecarEnds } from './daemon.js'
import type { DaemonWatch } from './daemon-watch.js'
import { RungFailure } from './ladder.js'

/**
 * Takes the steps from a sidecar that runs to one that answers: under one deadline, and with an event each second.
 *
 * A sidecar that ends meanwhile is OPERATION_FAILED at once, with exit code and last lines (another attempt, if it was
 * found and not made); no end of the steps in time is TIMED_OUT with the last lines.
 */
export async function untilReady<T>(
  steps: (own: { readonly signal: AbortSignal }) => Promise<T>,
  options: ReadyOptions,
): Promise<T> {
  const { watch, timeoutMs, onProgress, signal } = options
  signal?.throwIfAborted()
  const own = linkSignals([signal])
  const startedAt = Date.now()
  const tick = setInterval(() => {
    const seconds = Math.round((Date.now() - startedAt) / 1000)
    try {
      onProgress?.({ id: 'buildkit', phase: 'waiting', status: `waiting for BuildKit to answer, ${seconds} s` })
    } catch (error) {
      own.abort(error) // thrown from here it would end the process
    }
  }, 1000)
  const deadline = startDeadline(timeoutMs, () => own.abort(tooLate))
  try {
    return await untilAborted(Promise.race([steps({ signal: own.signal }), failAtEnd(options)]), own.signal)
  } catch (error) {
    signal?.throwIfAborted()
    if (error === tooLate) throw await toTimedOut(watch, timeoutMs)
    throw (await watch.hasEnded(isSignOfEnd(error) ? endMs : undefined)) ? await toEndedError(options) : error
  } finally {
    clearInterval(tick)
    deadline.clear()
    own.unlink()
    own.abort(tooLate)
  }
}

export interface ReadyOptions extends OperationOptions {
  readonly daemon: Daemon
  readonly watch: DaemonWatch
  readonly timeoutMs: number
  /** Whether it is worth another attempt when somebody else has stopped the sidecar. */
  readonly mayTryAgain: boolean
  readonly onProgress?: BuildKitOptions['onProgress'] | undefined
}

/** What a process in a container that just ends comes to; of a busy engine the end itself is heard later. */
function isSignOfEnd(error: unknown): boolean {
  if (!isHostError(error)) return false
  if (error.code === 'OPERATION_FAILED') {
    const { status = 0 } = error.facts
    return status > 125 && status !== commandNotFound
  }
  return ['NOT_RUNNING', 'CONTAINER_NOT_FOUND', 'CONNECTION_LOST', 'PROTOCOL_ERROR'].includes(error.code)
}

async function failAtEnd(options: ReadyOptions): Promise<never> {
  await options.watch.ended
  throw await toEndedError(options)
}

async function toTimedOut(watch: DaemonWatch, timeoutMs: number): Promise<Error> {
  const lastLines = await watch.lastLines()
  return createHostError('TIMED_OUT', { operation: 'start BuildKit', phase: 'ready', timeoutMs, lastLines })
}

/**
 * A daemon that ended while it was waited for: one that was found makes way for one of ours, and so does one of ours that
 * others found, used and left, which ends it well.
 */
async function toEndedError({ watch, daemon, mayTryAgain }: ReadyOptions): Promise<Error> {
  const { id, isAdopted, rung } = daemon
  const exitCode = await watch.ended
  if (isAdopted || (exitCode === 0 && mayTryAgain)) return sidecarEnds
  const code = exitCode === undefined ? '' : ` with exit code ${exitCode}`
  const lines = await watch.lastLines()
  const words = lines.length === 0 ? '; it wrote nothing' : `; its last lines:\n${lines.join('\n')}`
  const error = createHostError('OPERATION_FAILED', {
    operation: 'start BuildKit',
    subject: `container "${id}"`,
    status: undefined,
    reason: `the sidecar ended${code} before BuildKit answered${words}`,
  })
  return rung.privilege === 'privileged' ? error : new RungFailure('ended', error)
}

const tooLate = new Error('BuildKit did not answer in time')
const endMs = 5000
const commandNotFound = 127
