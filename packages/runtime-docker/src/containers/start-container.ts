import { isHostError } from '@capstan/core'
import { createHostError, type Operation } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { isStartedMeanwhile, nameGroupOption } from '../quirks/container-quirks.js'
import { findHostConfig, inspectContainer } from './inspection/inspect-container.js'
import { withState } from './inspection/not-running.js'
import { resizeStarted } from './resize-terminal.js'
import { requireNamespaceOwners } from './shared-containers.js'

/**
 * Starts a container and applies the stored size of its terminal. Resolves if it already runs.
 *
 * A failed start leaves a created container for the caller to remove.
 */
export async function startContainer(
  engine: DockerEngine,
  call: Operation,
  prepare: PrepareStart = async () => unprepared,
): Promise<void> {
  const prepared = await prepare(engine, call)
  call.undo.add('preparation of the start', () => prepared.release())
  await startPrepared(engine, prepared, call)
}

/** Prepares a container for a start, such as by its firewall rules. */
export type PrepareStart = (engine: DockerEngine, call: EngineCall) => Promise<PreparedStart>

/** A prepared start. Only `run` may start the container. */
export interface PreparedStart {
  /** Starts the container by `start`, unless it already runs. Resolves when it runs as prepared. */
  run(start: () => Promise<void>): Promise<void>
  /**
   * Ends the preparation: allows other starts of the container. Stops the firewall sandbox of a container that does not
   * run, and removes that of a removed one. A container that is still disconnected stays so until its next start.
   */
  release(): Promise<void>
}

/** A start that needs no preparation. */
export const unprepared: PreparedStart = { run: (start) => start(), release: async () => {} }

/** Starts a prepared container. */
export async function startPrepared(engine: DockerEngine, prepared: PreparedStart, call: EngineCall): Promise<void> {
  const { settings } = engine.containers
  const fullId = settings.isEmpty ? call.subject : await findFullId(engine, call)
  await prepared.run(() => start(engine, call))
  engine.containers.forgetCreated(fullId)
  const size = settings.take(fullId, 'size')
  if (size !== undefined) await resizeStarted(engine, size, call)
}

async function findFullId(engine: DockerEngine, call: EngineCall): Promise<string> {
  return fullIdPattern.test(call.subject) ? call.subject : (await inspectContainer(engine, call)).Id
}

async function start(engine: DockerEngine, call: EngineCall): Promise<void> {
  try {
    await requireNamespaceOwners(engine, call)
    const api = await engine.api(call)
    await api.getContainer(call.subject).start() // 304 means already running and is a success
  } catch (error) {
    if (await isStartedMeanwhile(engine, error, call)) return
    if (isHostError(error, 'NOT_RUNNING')) throw await withState(engine, error, call)
    if (isHostError(error, 'INVALID_ARGUMENT')) throw await nameGroupOption(engine, error, call)
    throw isHostError(error, 'OPTION_UNSUPPORTED') ? await nameCapabilities(engine, error, call) : error
  }
}

/** Sets the field `capAdd` in the error when that option, and not `privileged`, requested the missing capabilities. */
async function nameCapabilities(engine: DockerEngine, error: unknown, call: EngineCall): Promise<unknown> {
  if (!isHostError(error, 'OPTION_UNSUPPORTED') || error.facts.field !== 'privileged') return error
  const HostConfig = await findHostConfig(engine, call)
  if (HostConfig?.Privileged || !HostConfig?.CapAdd?.length) return error
  const facts = { ...error.facts, field: 'capAdd', given: HostConfig.CapAdd.join(', ') } as const
  return createHostError('OPTION_UNSUPPORTED', facts, { cause: error.cause })
}

const fullIdPattern = /^[0-9a-f]{64}$/
