import { delay, untilAborted } from '@capstan/core/plugin'
import type { MemoryEngine } from '../memory-engine.js'
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

/** Sends the stop signal, waits for the grace period, then kills. Resolves when the container has ended. */
export async function stopContainer(container: MemoryContainer, { graceMs, signal }: StopRequest): Promise<void> {
  const run = getCurrentRun(container)
  if (run === undefined) return
  run.process.signal(toSignalName(container.config.stopSignal ?? 'SIGTERM'))
  // With a grace period of 0 the kill follows the signal at once.
  if (graceMs > 0) await waitFor(run, { graceMs, signal })
  run.process.kill()
  await untilAborted(run.ended, signal)
}

async function waitFor({ ended }: ContainerRun, { graceMs, signal }: StopRequest): Promise<void> {
  const grace = new AbortController()
  const elapsed = delay(graceMs, { signal: grace.signal, ref: false }).catch(() => {})
  await untilAborted(Promise.race([ended, elapsed]), signal).finally(() => grace.abort())
}

/** Kills and removes a container. Concurrent removals resolve when it is removed. */
export async function removeContainer(engine: MemoryEngine, container: MemoryContainer): Promise<void> {
  container.lifecycle.beginRemoval()
  await container.starting
  const run = getCurrentRun(container)
  run?.process.kill()
  await run?.ended
  engine.containers.delete(container)
}
