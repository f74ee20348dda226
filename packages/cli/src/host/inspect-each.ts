import { type ContainerInspection, isHostError, type OperationOptions, type Runtime } from '@capstan/core'

/** Inspects several containers, up to 8 at a time. The result is by ID, and without those that are removed meanwhile. */
export async function inspectEach(
  runtime: Pick<Runtime, 'inspectContainer'>,
  ids: readonly string[],
  options: OperationOptions,
): Promise<ReadonlyMap<string, ContainerInspection>> {
  const waiting = [...ids]
  const found = new Map<string, ContainerInspection>()
  const worker = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const inspection = await findInspection(runtime, id, options)
      if (inspection !== undefined) found.set(id, inspection)
    }
  }
  await Promise.all(Array.from({ length: maxParallel }, worker))
  return found
}

async function findInspection(
  runtime: Pick<Runtime, 'inspectContainer'>,
  id: string,
  options: OperationOptions,
): Promise<ContainerInspection | undefined> {
  try {
    return await runtime.inspectContainer(id, options)
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return undefined
    throw error
  }
}

const maxParallel = 8
