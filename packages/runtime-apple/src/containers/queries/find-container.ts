import { type ContainerState, isHostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { type AppleConnection, ifPresent } from '../../apple-connection.js'
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

/** Inspects one container. Gone: `undefined`. */
export async function findContainerOrGone(
  connection: AppleConnection,
  id: string,
  call: CliCall,
): Promise<AppleContainer | undefined> {
  return await ifPresent(findContainer(connection, id, call), 'CONTAINER_NOT_FOUND')
}

/**
 * Inspects one container during a start or a wait. `unknown` if the command did not answer in time: a busy service may answer
 * the next inspection.
 */
export async function tryFindContainer(
  connection: AppleConnection,
  id: string,
  call: CliCall,
): Promise<AppleContainer | 'gone' | 'unknown'> {
  const { inspectAnswerMs: timeoutMs } = connection.timeouts
  try {
    return (await findContainerOrGone(connection, id, { ...call, timeoutMs })) ?? 'gone'
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
