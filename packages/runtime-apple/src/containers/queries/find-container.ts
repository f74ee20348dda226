import { type ContainerState, isHostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { AppleConnection } from '../../apple-connection.js'
import type { CliCall } from '../../cli/apple-cli.js'
import { type AppleContainer, parseContainers } from './parse-containers.js'

/** Inspects one container. Gone: CONTAINER_NOT_FOUND. */
export async function findContainer(connection: AppleConnection, id: string, call: CliCall): Promise<AppleContainer> {
  const { stdout } = await connection.run(['inspect', id], { ...call, subject: id })
  // Releases before 1.0 print an empty list and exit with 0.
  const [found] = parseContainers(call.operation, stdout)
  if (found === undefined) throw createHostError('CONTAINER_NOT_FOUND', { id })
  return found
}

/** As `findContainer`, but resolves with `undefined` if the container is gone. */
export async function findContainerOrGone(
  connection: AppleConnection,
  id: string,
  call: CliCall,
): Promise<AppleContainer | undefined> {
  try {
    return await findContainer(connection, id, call)
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return undefined
    throw error
  }
}

/**
 * As `findContainer`, for an inspection during a start or a wait. `unknown` if the command did not answer in time: a busy
 * service may answer the next inspection.
 */
export async function tryFindContainer(
  connection: AppleConnection,
  id: string,
  call: CliCall,
): Promise<AppleContainer | 'gone' | 'unknown'> {
  try {
    return (
      (await findContainerOrGone(connection, id, { ...call, timeoutMs: connection.timeouts.inspectAnswerMs })) ?? 'gone'
    )
  } catch (error) {
    if (isHostError(error, 'TIMED_OUT')) return 'unknown'
    throw error
  }
}

/** Lists all containers, stopped ones too. */
export async function listAll(connection: AppleConnection, call: CliCall): Promise<readonly AppleContainer[]> {
  const { stdout } = await connection.run(['list', '--all', '--format', 'json'], call)
  return parseContainers(call.operation, stdout)
}

/**
 * The command has no state "created", and a restarted service forgets when a container was started. A stopped container
 * without a start date that this process did not create is therefore `unknown`.
 */
export function toContainerState(
  { records }: AppleConnection,
  { id, state, startedAt }: Pick<AppleContainer, 'id' | 'state' | 'startedAt'>,
): ContainerState {
  if (state !== 'stopped') return state
  const known = records.find(id)
  if (startedAt !== undefined || known?.hasRun) return 'exited'
  return known?.isCreatedHere ? 'created' : 'unknown'
}
