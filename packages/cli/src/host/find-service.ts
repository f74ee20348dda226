import type { OperationOptions, ServiceInfo, StoredObjectInfo, SwarmManager } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { CliError } from '../errors/cli-error.js'

/**
 * Finds the service with this ID, name, or unambiguous prefix of an ID.
 *
 * @throws HostError SERVICE_NOT_FOUND; CliError if several IDs have the prefix
 */
export async function findService(
  swarm: Pick<SwarmManager, 'listServices'>,
  reference: string,
  options: OperationOptions,
): Promise<ServiceInfo> {
  const found = pickByReference(await swarm.listServices(options), reference, 'services')
  if (found === undefined) throw createHostError('SERVICE_NOT_FOUND', { id: reference })
  return found
}

/**
 * Returns the object with this ID, name, or unambiguous prefix of an ID; `undefined` if there is none.
 *
 * @throws CliError if several IDs have the prefix
 */
export function pickByReference<T extends Pick<StoredObjectInfo, 'id' | 'name'>>(
  all: readonly T[],
  reference: string,
  kind: string,
): T | undefined {
  const exact = all.find(({ id, name }) => id === reference || name === reference)
  if (exact !== undefined) return exact
  const matches = all.filter(({ id }) => reference !== '' && id.startsWith(reference))
  if (matches.length < 2) return matches[0]
  const names = matches.map(({ id, name }) => `${id.slice(0, 12)} (${name})`).join(', ')
  throw new CliError(`several ${kind} have an ID that begins with "${reference}": ${names}; use a longer prefix`)
}
