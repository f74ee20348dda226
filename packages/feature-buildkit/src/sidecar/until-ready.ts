import { isHostError, type OperationOptions } from '@capstan/core'
import { createHostError, linkSignals, startDeadline, untilAborted } from '@capstan/core/plugin'
import type { BuildKitOptions } from '../buildkit-options.js'
import type { ContainerWatch } from '../container/container-watch.js'
import type { SidecarInstance } from './find-sidecar.js'
import { PrivilegeLevelError } from './privilege-selection.js'

/**
 * Runs `prepare`, which makes a running sidecar ready, with a deadline and one event per second.
 *
 * @throws HostError OPERATION_FAILED with exit code and last lines at once when a privileged sidecar ends, PrivilegeLevelError
 * when another one ends, and TIMED_OUT with the last lines when the time is over.
 * @throws SidecarEndedError when another sidecar may succeed. The caller finds or creates it.
 */
export async function untilReady<T>(
  prepare: (step: { readonly signal: AbortSignal }) => Promise<T>,
  options: ReadyOptions,
): Promise<T> {
  const { watch, timeoutMs, onProgress, signal } = options
  signal?.throwIfAborted()
  const linked = linkSignals([signal])
  const startedAt = Date.now()
  const tick = setInterval(() => {
    const seconds = Math.round((Date.now() - startedAt) / 1000)
    try {
      onProgress?.({ id: 'buildkit', phase: 'waiting', status: `waiting until BuildKit is ready, ${seconds} s` })
    } catch (error) {
      linked.abort(error) // an error that is thrown by a timer would end the process
    }
  }, 1000)
  let isLate = false
  const deadline = startDeadline(timeoutMs, () => {
    isLate = true
    linked.abort()
  })
  try {
    const ready = Promise.race([prepare({ signal: linked.signal }), rejectWhenSidecarEnds(options)])
    return await untilAborted(ready, linked.signal)
  } catch (error) {
    signal?.throwIfAborted()
    if (isLate) throw await toTimedOut(watch, timeoutMs)
    throw (await watch.endsWithin(mayFollowContainerEnd(error) ? endMs : undefined)) ? await toEndError(options) : error
  } finally {
    clearInterval(tick)
    deadline.clear()
    linked.unlink()
    linked.abort()
  }
}

export interface ReadyOptions extends OperationOptions {
  readonly instance: SidecarInstance
  readonly watch: ContainerWatch
  readonly timeoutMs: number
  /** Whether a created sidecar that exits with 0 counts as stopped because no lease was held, and is replaced. */
  readonly mayReplace: boolean
  readonly onProgress?: BuildKitOptions['onProgress'] | undefined
}

/**
 * The sidecar has ended or is about to end, and another one may succeed: it existed before this start, or it was stopped because
 * no lease was held.
 */
export class SidecarEndedError extends Error {}

/**
 * Whether the error is typical of a process in a container that ends. A busy engine may report the end of the container later
 * than this error. Exit codes above 125: the process could not be started, or was killed by a signal. 127 is excluded: the
 * image does not contain the command, so the container need not have ended.
 */
function mayFollowContainerEnd(error: unknown): boolean {
  if (!isHostError(error)) return false
  if (error.code === 'OPERATION_FAILED') {
    const { status = 0 } = error.facts
    return status > 125 && status !== commandNotFound
  }
  return ['NOT_RUNNING', 'CONTAINER_NOT_FOUND', 'CONNECTION_LOST', 'PROTOCOL_ERROR'].includes(error.code)
}

async function rejectWhenSidecarEnds(options: ReadyOptions): Promise<never> {
  await options.watch.ended
  throw await toEndError(options)
}

async function toTimedOut(watch: ContainerWatch, timeoutMs: number): Promise<Error> {
  const lastLines = await watch.lastLines()
  return createHostError('TIMED_OUT', { operation: 'start BuildKit', phase: 'ready', timeoutMs, lastLines })
}

/**
 * Returns SidecarEndedError if this start did not create the sidecar, or if it exited with 0 because no lease was held.
 * Otherwise PrivilegeLevelError below `privileged`, and OPERATION_FAILED at `privileged`.
 */
async function toEndError({ watch, instance, mayReplace }: ReadyOptions): Promise<Error> {
  const { id, existedBeforeStart, level } = instance
  const exitCode = await watch.ended
  if (existedBeforeStart || (exitCode === 0 && mayReplace)) return new SidecarEndedError()
  const code = exitCode === undefined ? '' : ` with exit code ${exitCode}`
  const lines = await watch.lastLines()
  const log = lines.length === 0 ? '; it wrote nothing' : `; its last lines:\n${lines.join('\n')}`
  const reason = `the sidecar ended${code} before BuildKit answered${log}`
  const facts = { operation: 'start BuildKit', subject: `container "${id}"`, status: undefined, reason }
  const error = createHostError('OPERATION_FAILED', facts)
  return level.privilege === 'privileged' ? error : new PrivilegeLevelError('daemon-exited', error)
}

const endMs = 5000
const commandNotFound = 127
