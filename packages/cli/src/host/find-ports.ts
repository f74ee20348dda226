import { isHostError, type OperationOptions, type Runtime } from '@capstan/core'
import type { PortBinding } from '@capstan/core/plugin'

/** Reads the published ports of several containers, by ID, up to 8 at a time. A container that is removed meanwhile has none. */
export async function findPorts(
  runtime: Runtime,
  ids: readonly string[],
  options: OperationOptions,
): Promise<ReadonlyMap<string, readonly PortBinding[]>> {
  const waiting = [...ids]
  const found = new Map<string, readonly PortBinding[]>()
  const worker = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      found.set(id, await readPorts(runtime, id, options))
    }
  }
  await Promise.all(Array.from({ length: maxParallel }, worker))
  return found
}

async function readPorts(runtime: Runtime, id: string, options: OperationOptions): Promise<readonly PortBinding[]> {
  try {
    return (await runtime.inspectContainer(id, options)).ports
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return []
    throw error
  }
}

const maxParallel = 8
