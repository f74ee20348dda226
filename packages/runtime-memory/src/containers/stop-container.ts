import { delay, untilAborted } from '@capstan/core/plugin'
import { toSignalName } from '../simulation/processes/signals.js'
import type { ContainerRun } from './state/container-run.js'
import { getCurrentRun, type MemoryContainer } from './state/memory-container.js'

/**
 * The time between the stop signal and SIGKILL, and a signal that ends the wait. An abort before the time is over also
 * prevents the SIGKILL.
 */
export interface StopRequest {
  readonly graceMs: number
  readonly signal: AbortSignal
}

/** Unpauses the container, sends the stop signal, waits for the grace period, then kills. Resolves when the container has ended. */
export async function stopContainer(container: MemoryContainer, { graceMs, signal }: StopRequest): Promise<void> {
  container.restarts.prevent()
  container.lifecycle.notifyChange()
  const run = getCurrentRun(container)
  if (run === undefined) return
  run.signal(toStopSignal(container))
  // With a grace period of 0 the kill follows the signal at once.
  if (graceMs > 0) await waitForEnd(run, { graceMs, signal })
  run.signal('SIGKILL')
  await untilAborted(run.whenEnded, signal)
}

/** Returns the signal of the container, else of its image. One of the image that this system does not have counts as none. */
function toStopSignal({ config, image }: MemoryContainer): string {
  if (config.stopSignal !== undefined) return toSignalName(config.stopSignal)
  try {
    return toSignalName(image.config.stopSignal ?? 'SIGTERM')
  } catch {
    return 'SIGTERM'
  }
}

async function waitForEnd({ whenEnded }: ContainerRun, { graceMs, signal }: StopRequest): Promise<void> {
  const grace = new AbortController()
  const elapsed = delay(graceMs, { signal: grace.signal, ref: false }).catch(() => {})
  await untilAborted(Promise.race([whenEnded, elapsed]), signal).finally(() => grace.abort())
}
