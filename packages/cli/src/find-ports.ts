import {
  findCapability,
  isHostError,
  type OperationOptions,
  type PortBinding,
  type RuntimeScope,
  sidecarManagerCapability,
} from '@capstan/core'

/** A published port; address and protocol where the runtime tells them. */
export type PublishedPort = Pick<PortBinding, 'containerPort' | 'hostPort'> & Partial<PortBinding>

/** The ports of several containers, by id; of one that is gone meanwhile: none. A few are asked about at a time. */
export async function findPorts(
  scope: RuntimeScope,
  ids: readonly string[],
  options: OperationOptions,
): Promise<ReadonlyMap<string, readonly PublishedPort[]>> {
  const waiting = [...ids]
  const found = new Map<string, readonly PublishedPort[]>()
  const work = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      found.set(id, await readPorts(scope, id, options).catch(toNoneWhenGone))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return found
}

/** By inspection where the runtime has it: that tells addresses and protocols, too. */
export async function readPorts(
  scope: RuntimeScope,
  id: string,
  options: OperationOptions,
): Promise<readonly PublishedPort[]> {
  const inspector = findCapability(scope, sidecarManagerCapability)
  if (inspector !== undefined) return (await inspector.inspectContainer(id, options)).ports
  const bindings = await scope.runtime.getPortBindings(id, options)
  return [...bindings].map(([containerPort, hostPort]) => ({ containerPort, hostPort }))
}

function toNoneWhenGone(error: unknown): readonly PublishedPort[] {
  if (isHostError(error, 'CONTAINER_NOT_FOUND')) return []
  throw error
}

const atOnce = 8
