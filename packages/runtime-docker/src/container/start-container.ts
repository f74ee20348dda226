import { createHostError, isHostError } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import type { KeptSettings } from '../engine/start-settings.js'
import { type PreparedStart, prepareStart } from '../firewall/prepare-start.js'
import { watchSandbox } from '../firewall/sandbox/watch-sandbox.js'
import { inspectContainer } from './inspect-container.js'
import { resizeStarted } from './resize-terminal.js'

/**
 * Starts a container; one that runs already: resolves. The size of its terminal that was kept for the start is applied;
 * kept firewall rules stand before its first instruction, else FIREWALL_FAILED.
 *
 * A failed start leaves a created container for the caller to remove.
 */
export async function startContainer(engine: DockerEngine, kept: KeptSettings, call: EngineCall): Promise<void> {
  await startPrepared(engine, kept, await prepareStart(engine, kept, call), call)
}

/** Starts a container whose rules were prepared. */
export async function startPrepared(
  engine: DockerEngine,
  kept: KeptSettings,
  prepared: PreparedStart,
  call: EngineCall,
): Promise<void> {
  const { subject: id } = call
  const fullId = kept.isEmpty ? id : await findFullId(engine, call)
  await prepared.run(() => start(engine, call))
  engine.containers.forgetCreated(fullId)
  watchSandbox(engine, id)
  const size = kept.takeSize(fullId)
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

/** Podman finds a container in no state to be started where another start is ahead of this one. */
async function hasBeenStarted(engine: DockerEngine, error: unknown, call: EngineCall): Promise<boolean> {
  if (!isHostError(error, 'NOT_RUNNING')) return false
  return (await inspectContainer(engine, call)).State?.Running === true
}

/** The engine does not say which option asked for the capabilities that its machine withholds. */
async function nameCapabilities(engine: DockerEngine, error: unknown, call: EngineCall): Promise<unknown> {
  if (!isHostError(error, 'OPTION_UNSUPPORTED')) return error
  const { HostConfig } = await inspectContainer(engine, call)
  if (HostConfig?.Privileged || !HostConfig?.CapAdd?.length) return error
  const facts = { ...error.facts, field: 'capAdd', given: HostConfig.CapAdd.join(', ') } as const
  return createHostError('OPTION_UNSUPPORTED', facts, { cause: error.cause })
}

const fullIdPattern = /^[0-9a-f]{64}$/
