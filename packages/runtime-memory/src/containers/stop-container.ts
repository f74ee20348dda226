import { delay, untilAborted } from '@capstan/core/plugin'
import type { MemoryEngine } from '../memory-engine.js'
import { toSignalName } from '../simulation/processes/signals.js'
import type { ContainerRun } from './state/container-run.js'
import { findRun, type MemoryContainer } from './state/memory-container.js'

/** How long a container has, and how long the caller waits. */
export interface StopRequest {
  readonly graceMs: number
  readonly signal: AbortSignal
}

/** The container's stop signal, then the grace, then the kill. Resolves when it has ended; not running: at once. */
export async function stopContainer(container: MemoryContainer, { graceMs, signal }: StopRequest): Promise<void> {
  const run = findRun(container)
  if (run === undefined) return
  run.process.signal(toSignalName(container.config.stopSignal ?? 'SIGTERM'))
  // Without a grace the kill comes on the heels of the signal.
  if (graceMs > 0) await waitFor(run, { graceMs, signal })
  run.process.kill()
  await untilAborted(run.ended, signal)
}

async function waitFor({ ended }: ContainerRun, { graceMs, signal }: StopRequest): Promise<void> {
  const grace = new AbortController()
  const elapsed = delay(graceMs, { signal: grace.signal, ref: false }).catch(() => {})
  await untilAborted(Promise.race([ended, elapsed]), signal).finally(() => grace.abort())
}

/** By force. Two at once: both resolve when it is gone. */
export async function removeContainer(engine: MemoryEngine, container: MemoryContainer): Promise<void> {
  container.events.remove()
  await container.starting
  const run = findRun(container)
  run?.process.kill()
  await run?.ended
  engine.containers.delete(container)
}
