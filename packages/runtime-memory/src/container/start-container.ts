import { createHostError } from '@capstan/core'
import type { MemoryEngine } from '../memory-engine.js'
import type { MemoryProgram } from '../memory-program.js'
import { findMain } from '../process/find-program.js'
import { ContainerRun } from './container-run.js'
import type { AttachedClient } from './container-streams.js'
import { findRun, type MemoryContainer } from './memory-container.js'
import { takePlace } from './network-place.js'

/** Starts the container unless it runs; a client is attached before its program is. A failed start leaves it as it was. */
export async function startContainer(
  engine: MemoryEngine,
  container: MemoryContainer,
  client?: AttachedClient,
): Promise<ContainerRun> {
  while (container.starting !== undefined) await container.starting
  const current = findRun(container)
  if (current === undefined) return await startOnce(engine, container, client)
  if (client !== undefined) current.streams.attach(client)
  return current
}

async function startOnce(
  engine: MemoryEngine,
  container: MemoryContainer,
  client: AttachedClient | undefined,
): Promise<ContainerRun> {
  const started = start(engine, container, client)
  const settled = started.then(
    () => {},
    () => {},
  )
  container.starting = settled
  return await started.finally(() => {
    container.starting = undefined
  })
}

async function start(
  engine: MemoryEngine,
  container: MemoryContainer,
  client: AttachedClient | undefined,
): Promise<ContainerRun> {
  const program = await requireMain(engine, container)
  const place = await takePlace(engine, container)
  if (container.events.isRemoved) {
    await place.leave()
    throw createHostError('CONTAINER_NOT_FOUND', { id: container.id })
  }
  return new ContainerRun(engine, container, { program, place, client })
}

async function requireMain({ commands }: MemoryEngine, container: MemoryContainer): Promise<MemoryProgram> {
  const { id, argv, files, image, config } = container
  const found = await findMain(
    { files, programs: image.programs, commands },
    container,
    config.entrypoint !== undefined,
  )
  if (found.program !== undefined) return found.program
  const facts = { id, command: argv, exitCode: found.exitCode }
  throw createHostError('COMMAND_NOT_STARTED', facts, { cause: new Error(found.reason) })
}
