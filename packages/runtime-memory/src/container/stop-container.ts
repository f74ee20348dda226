import type { MemoryEngine } from '../memory-engine.js'
import { toSignalName } from '../process/signals.js'
import { sleep, untilAborted } from '../wait.js'
import { deleteContainer } from './delete-container.js'
import { findRun, type MemoryContainer } from './memory-container.js'

/** The container's stop signal, then the grace, then the kill. Resolves when it has ended; not running: at once. */
export async function stopContainer(
  container: MemoryContainer,
  { graceMs, signal }: { readonly graceMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const run = findRun(container)
  if (run === undefined) return
  run.process.signal(toSignalName(container.config.stopSignal ?? 'SIGTERM'))
  const grace = new AbortController()
  const ended = run.ended.finally(() => grace.abort())
  await untilAborted(Promise.race([ended, sleep(graceMs, grace.signal).catch(() => {})]), signal)
  run.process.kill()
  await untilAborted(run.ended, signal)
}

/** By force. Two at once: both resolve when it is gone. */
export async function removeContainer(engine: MemoryEngine, container: MemoryContainer): Promise<void> {
  container.events.remove()
  await container.starting
  const run = findRun(container)
  run?.process.kill()
  await run?.ended
  deleteContainer(engine, container)
}
