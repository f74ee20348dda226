import { createHostError } from '@capstan/core/plugin'
import { removeContainer } from '../containers/remove-container.js'
import type { MemoryContainer } from '../containers/state/memory-container.js'
import { stopContainer } from '../containers/stop-container.js'
import type { MemoryEngine } from '../memory-engine.js'
import { composeLabels } from './compose-labels.js'
import { listContainersOf } from './list-services.js'

/** Stops and removes the containers of a project, each service before those on which it depends, then its networks. */
export async function downProject(
  engine: MemoryEngine,
  project: string,
  { volumes, graceMs, signal }: DownOptions,
): Promise<void> {
  for (const containers of toStopOrder(listContainersOf(engine, project))) {
    await Promise.all(
      containers.map(async (container) => {
        await stopContainer(container, { graceMs, signal })
        signal.throwIfAborted()
        await removeContainer(engine, container.id)
      }),
    )
  }
  for (const { id, name, labels, members } of engine.networks.list()) {
    if (labels[composeLabels.project] !== project) continue
    const users = [...members.keys()].map((member) => engine.containers.find(member)?.name ?? member)
    if (users.length > 0) throw createHostError('IN_USE', { subject: `network "${name}"`, users })
    engine.networks.delete(id)
  }
  if (!volumes) return
  for (const { name, labels } of engine.volumes.list()) {
    if (labels[composeLabels.project] !== project) continue
    const users = engine.containers.findUsersOfVolume(name)
    if (users.length > 0) throw createHostError('IN_USE', { subject: `volume "${name}"`, users })
    engine.volumes.delete(name)
  }
}

export interface DownOptions {
  readonly volumes: boolean
  readonly graceMs: number
  readonly signal: AbortSignal
}

/** Groups containers, so that each one is in an earlier group than those on which its service depends. */
function toStopOrder(containers: readonly MemoryContainer[]): readonly (readonly MemoryContainer[])[] {
  const serviceOf = ({ labels }: MemoryContainer) => labels[composeLabels.service] ?? ''
  const groups: MemoryContainer[][] = []
  let left = [...containers]
  while (left.length > 0) {
    const needed = new Set(left.flatMap(({ labels }) => labels[composeLabels.dependsOn]?.split(',') ?? []))
    const free = left.filter((container) => !needed.has(serviceOf(container)))
    // Labels that contradict each other must not prevent the removal.
    const group = free.length === 0 ? left : free
    groups.push(group)
    left = left.filter((container) => !group.includes(container))
  }
  return groups
}
