import { type ContainerState, createHostError, isHostError } from '@capstan/core'
import type { AppleConnection } from '../apple-connection.js'
import type { CliCall } from '../cli/apple-cli.js'
import { type AppleContainer, parseContainers } from '../output/containers.js'

/** One container, asked of the command line; gone: CONTAINER_NOT_FOUND. */
export async function findContainer(connection: AppleConnection, id: string, call: CliCall): Promise<AppleContainer> {
  const { stdout } = await connection.run(['inspect', id], { ...call, subject: id })
  // Releases before 1.0 print an empty list and exit with 0.
  const [found] = parseContainers(call.operation, stdout)
  if (found === undefined) throw createHostError('CONTAINER_NOT_FOUND', { id })
  return found
}

/** As `findContainer`, with `undefined` for one that is gone. */
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
 * As `findContainer`, for an inspection beside something else. `unknown` when it was not answered in time: a busy service
 * answers the next one.
 */
export async function inspectBeside(
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

export async function listAll(connection: AppleConnection, call: CliCall): Promise<readonly AppleContainer[]> {
  const { stdout } = await connection.run(['list', '--all', '--format', 'json'], call)
  return parseContainers(call.operation, stdout)
}

/**
 * The command line knows no "created", and a service that was restarted forgets what has run: what has no date of a
 * start, and was not made here, is `unknown`.
 */
export function toContainerState(
  { kept }: AppleConnection,
  { id, state, startedAt }: Pick<AppleContainer, 'id' | 'state' | 'startedAt'>,
): ContainerState {
  if (state !== 'stopped') return state
  const known = kept.find(id)
  if (startedAt !== undefined || known?.hasRun) return 'exited'
  return known?.isMine ? 'created' : 'unknown'
}
