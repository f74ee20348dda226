import type { ContainerInfo, ContainerState, OperationOptions, Runtime } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { CliError } from '../errors/cli-error.js'

/** Lists the containers and applies {@link pickContainer}. */
export async function findContainer(
  runtime: Pick<Runtime, 'listContainers'>,
  reference: string,
  options: OperationOptions,
): Promise<ContainerInfo> {
  return pickContainer(await runtime.listContainers(options), reference)
}

/**
 * Returns the container with this ID, name, or unambiguous prefix of an ID.
 *
 * @throws HostError CONTAINER_NOT_FOUND; CliError if several IDs have the prefix.
 */
export function pickContainer(all: readonly ContainerInfo[], reference: string): ContainerInfo {
  const exact = all.find(({ id, name }) => id === reference || name === reference)
  if (exact !== undefined) return exact
  const [first, ...others] = all.filter(({ id }) => reference !== '' && id.startsWith(reference))
  if (first === undefined) throw createHostError('CONTAINER_NOT_FOUND', { id: reference })
  if (others.length > 0) throw toAmbiguous(reference, [first, ...others])
  return first
}

function toAmbiguous(reference: string, matches: readonly ContainerInfo[]): CliError {
  const names = matches.map(({ id, name }) => `${id.slice(0, 12)} (${name})`).join(', ')
  return new CliError(`several containers have an ID that begins with "${reference}": ${names}; use a longer prefix`)
}

/** Whether a container in this state has no process: `ps` omits it, and `rm` removes it without `--force`. */
export function hasNoProcess(state: ContainerState): boolean {
  return state === 'created' || state === 'exited' || state === 'dead'
}
