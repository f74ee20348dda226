import { type ContainerInfo, createHostError, type OperationOptions, type Runtime } from '@capstan/core'
import { UsageError } from './usage-error.js'

/** See {@link pickContainer}. */
export async function findContainer(
  runtime: Pick<Runtime, 'listContainers'>,
  reference: string,
  options: OperationOptions,
): Promise<ContainerInfo> {
  return pickContainer(await runtime.listContainers(options), reference)
}

/**
 * The container of that id, name, or beginning of an id that no other has.
 *
 * @throws HostError CONTAINER_NOT_FOUND; UsageError when several ids begin so.
 */
export function pickContainer(all: readonly ContainerInfo[], reference: string): ContainerInfo {
  const exact = all.find(({ id, name }) => id === reference || name === reference)
  if (exact !== undefined) return exact
  const [first, ...others] = all.filter(({ id }) => reference !== '' && id.startsWith(reference))
  if (first === undefined) throw createHostError('CONTAINER_NOT_FOUND', { id: reference })
  if (others.length > 0) throw toAmbiguous(reference, [first, ...others])
  return first
}

function toAmbiguous(reference: string, matches: readonly ContainerInfo[]): UsageError {
  const names = matches.map(({ id, name }) => `${id.slice(0, 12)} (${name})`).join(', ')
  return new UsageError(`several containers have an id that begins with "${reference}": ${names}; give more of it`)
}
