import type { RemoveOptions } from '@capstan/core'
import type { MemoryEngine } from '../memory-engine.js'
import { getCurrentRun } from './state/memory-container.js'

/** Kills and removes a container if it exists. Concurrent removals resolve when it is removed. */
export async function removeContainer(
  engine: MemoryEngine,
  id: string,
  { keepVolumes = false }: Pick<RemoveOptions, 'keepVolumes'> = {},
): Promise<void> {
  const container = engine.containers.find(id)
  if (container === undefined) return
  container.restarts.prevent()
  container.lifecycle.beginRemoval()
  await container.starting
  const run = getCurrentRun(container)
  run?.signal('SIGKILL')
  await run?.whenEnded
  engine.forget(container, { keepVolumes })
}
