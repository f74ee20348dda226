import { isHostError, type OperationOptions } from '@capstan/core'
import { createHostError, linkSignals, startDeadline, untilAborted } from '@capstan/core/plugin'
import type { BuildKitOptions } from '../buildkit-options.js'
import type { ContainerWatch } from '../container/container-watch.js'
import type { SidecarInstance } from './find-sidecar.js'
import { PrivilegeLevelError } from './privilege-selection.js'

/**
 * Runs `prepare`, which makes a running sidecar ready, with a deadline and one event per second.
 *
 * @throws HostError OPERATION_FAILED with exit code and last lines at once when the sidecar ends, and TIMED_OUT with the last
 * lines when the time is over.
 * @throws SidecarEndedError when another sidecar should be found or created.
 */
export async function untilReady<T>(
  prepare: (own: { readonly signal: AbortSignal }) => Promise<T>,
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
      own.abort(error) // an error that is thrown by a timer would end the process
    }
  }, 1000)
  let isLate = false
  const deadline = startDeadline(timeoutMs, () => {
    isLate = true
    own.abort()
  })
  try {
    return await untilAborted(Promise.race([prepare({ signal: own.signal }), failAtEnd(options)]), own.signal)
  } catch (error) {
    signal?.throwIfAborted()
    if (isLate) throw await toTimedOut(watch, timeoutMs)
    throw (await watch.endsWithin(isSignOfEnd(error) ? endMs : undefined)) ? await toEndError(options) : error
  } finally {
    clearInterval(tick)
    deadline.clear()
    own.unlink()
    own.abort()
  }
}

export interface ReadyOptions extends OperationOptions {
  readonly instance: SidecarInstance
  readonly watch: ContainerWatch
  readonly timeoutMs: number
  /** Whether another attempt is made when another process has stopped the sidecar. */
  readonly mayTryAgain: boolean
  readonly onProgress?: BuildKitOptions['onProgress'] | undefined
}

/** The sidecar has ended or is about to end, because it is not used by others any more. */
export class SidecarEndedError extends Error {}

/** Whether the error is typical of a process in a container that ends. A busy engine reports the end itself later. */
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
  throw await toEndError(options)
}

async function toTimedOut(watch: ContainerWatch, timeoutMs: number): Promise<Error> {
  const lastLines = await watch.lastLines()
  return createHostError('TIMED_OUT', { operation: 'start BuildKit', phase: 'ready', timeoutMs, lastLines })
}

/**
 * Returns a SidecarEndedError for a sidecar that existed before, and for one that ended with 0: other processes have found,
 * used and left it.
 */
async function toEndError({ watch, instance, mayTryAgain }: ReadyOptions): Promise<Error> {
  const { id, existedBeforeStart, level } = instance
  const exitCode = await watch.ended
  if (existedBeforeStart || (exitCode === 0 && mayTryAgain)) return new SidecarEndedError()
  const code = exitCode === undefined ? '' : ` with exit code ${exitCode}`
  const lines = await watch.lastLines()
  const log = lines.length === 0 ? '; it wrote nothing' : `; its last lines:\n${lines.join('\n')}`
  const error = createHostError('OPERATION_FAILED', {
    operation: 'start BuildKit',
    subject: `container "${id}"`,
    status: undefined,
    reason: `the sidecar ended${code} before BuildKit answered${log}`,
  })
  return level.privilege === 'privileged' ? error : new PrivilegeLevelError('daemon-exited', error)
}

const endMs = 5000
const commandNotFound = 127
