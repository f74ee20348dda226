import { type ContainerState, isHostError } from '@capstan/core'
import { createHostError, delay } from '@capstan/core/plugin'
import { type AppleRuntimeContext, ifPresent } from '../../apple-runtime-context.js'
import type { CliCall } from '../../cli/apple-cli.js'
import { type AppleContainer, parseContainers } from './parse-containers.js'

/** Inspects one container. Gone: CONTAINER_NOT_FOUND. */
export async function findContainer(context: AppleRuntimeContext, id: string, call: CliCall): Promise<AppleContainer> {
  const { stdout } = await context.run(['inspect', id], { ...call, subject: id })
  // Releases before 1.0 print an empty list and exit with 0.
  const [found] = parseContainers(call.operation, stdout)
  if (found === undefined) throw createHostError('CONTAINER_NOT_FOUND', { id })
  return found
}

/** Inspects one container. Gone: `undefined`. */
export async function findContainerIfPresent(
  context: AppleRuntimeContext,
  id: string,
  call: CliCall,
): Promise<AppleContainer | undefined> {
  return await ifPresent(findContainer(context, id, call), 'CONTAINER_NOT_FOUND')
}

/**
 * Inspects one container during a start or a wait. `unknown` if the command did not answer in time: a busy service may answer
 * the next inspection.
 */
export async function tryFindContainer(
  context: AppleRuntimeContext,
  id: string,
  call: CliCall,
): Promise<AppleContainer | 'gone' | 'unknown'> {
  const { inspectAnswerMs: timeoutMs } = context.timeouts
  try {
    return (await findContainerIfPresent(context, id, { ...call, timeoutMs })) ?? 'gone'
  } catch (error) {
    if (isHostError(error, 'TIMED_OUT')) return 'unknown'
    throw error
  }
}

/** Resolves with whether a container that was killed has stopped. The command may report it as running for a moment. */
export async function hasStopped(context: AppleRuntimeContext, id: string, call: CliCall): Promise<boolean> {
  for (let left = killedMs / betweenMs; left > 0; left -= 1) {
    const state = (await findContainerIfPresent(context, id, call))?.state
    if (state === undefined || state === 'stopped') return true
    await delay(betweenMs, call)
  }
  return false
}

/** Lists all containers, stopped ones too. */
export async function listContainers(context: AppleRuntimeContext, call: CliCall): Promise<readonly AppleContainer[]> {
  const { stdout } = await context.run(['list', '--all', '--format', 'json'], call)
  return parseContainers(call.operation, stdout)
}

/**
 * The command has no state "created", and a restarted service forgets when a container was started. A stopped container
 * without a start date that this process did not create is therefore `unknown`.
 */
export function toContainerState(
  { records }: AppleRuntimeContext,
  { id, state, startedAt }: Pick<AppleContainer, 'id' | 'state' | 'startedAt'>,
): ContainerState {
  if (state !== 'stopped') return state
  const known = records.find(id)
  if (startedAt !== undefined || known?.hasRun) return 'exited'
  return known?.isCreatedHere ? 'created' : 'unknown'
}

const killedMs = 10_000
const betweenMs = 100
