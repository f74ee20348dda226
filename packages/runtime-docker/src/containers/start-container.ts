import { isHostError } from '@capstan/core'
import { createHostError, type Operation } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { inspectContainer } from './inspect-container.js'
import { resizeStarted } from './resize-terminal.js'

/**
 * Starts a container and applies the size of its terminal that was set before. Resolves for one that runs.
 *
 * A failed start leaves a created container for the caller to remove.
 */
export async function startContainer(
  engine: DockerEngine,
  call: Operation,
  prepare: PrepareStart = prepareNothing,
): Promise<void> {
  const prepared = await prepare(engine, call)
  call.undo.add('preparation of the start', () => prepared.giveUp())
  await startPrepared(engine, prepared, call)
}

/** Prepares a container for a start, such as by its firewall rules. */
export type PrepareStart = (engine: DockerEngine, call: EngineCall) => Promise<PreparedStart>

/** A start that was prepared. Only `run` may start the container. */
export interface PreparedStart {
  /** Calls `start` and resolves when the container runs as prepared. */
  run(start: () => Promise<void>): Promise<void>
  /** Ends the preparation where `run` was not called, and releases what it made once the container has ended. */
  giveUp(): Promise<void>
}

const prepareNothing: PrepareStart = async () => ({ run: (start) => start(), giveUp: async () => {} })

/** Starts a container that was prepared. */
export async function startPrepared(engine: DockerEngine, prepared: PreparedStart, call: EngineCall): Promise<void> {
  const { settings } = engine.containers
  const fullId = settings.isEmpty ? call.subject : await findFullId(engine, call)
  await prepared.run(() => start(engine, call))
  engine.containers.forgetCreated(fullId)
  const size = settings.takeSize(fullId)
  if (size !== undefined) await resizeStarted(engine, size, call)
}

async function findFullId(engine: DockerEngine, call: EngineCall): Promise<string> {
  return fullIdPattern.test(call.subject) ? call.subject : (await inspectContainer(engine, call)).Id
}

async function start(engine: DockerEngine, call: EngineCall): Promise<void> {
  try {
    const api = await engine.api(call)
    await api.getContainer(call.subject).start() // 304, already running, is no failure
  } catch (error) {
    if (await hasBeenStarted(engine, error, call)) return
    throw isHostError(error, 'OPTION_UNSUPPORTED') ? await nameCapabilities(engine, error, call) : error
  }
}

/** Podman refuses a start while another start of the container is in progress. */
async function hasBeenStarted(engine: DockerEngine, error: unknown, call: EngineCall): Promise<boolean> {
  if (!isHostError(error, 'NOT_RUNNING')) return false
  return (await inspectContainer(engine, call)).State?.Running === true
}

/** Names `capAdd` in the error where it, and not `privileged`, asked for the capabilities that the machine withholds. */
async function nameCapabilities(engine: DockerEngine, error: unknown, call: EngineCall): Promise<unknown> {
  if (!isHostError(error, 'OPTION_UNSUPPORTED')) return error
  const { HostConfig } = await inspectContainer(engine, call)
  if (HostConfig?.Privileged || !HostConfig?.CapAdd?.length) return error
  const facts = { ...error.facts, field: 'capAdd', given: HostConfig.CapAdd.join(', ') } as const
  return createHostError('OPTION_UNSUPPORTED', facts, { cause: error.cause })
}

const fullIdPattern = /^[0-9a-f]{64}$/
