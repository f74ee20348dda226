import {
  type ContainerState,
  createHostError,
  type FirewallRules,
  isHostError,
  type OperationOptions,
} from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { applyFirewall } from '../firewall/apply-firewall.js'
import { inspectContainer, validateContainerId } from './inspect-container.js'
import type { KeptSettings } from './kept-settings.js'
import { resizeStarted } from './resize-terminal.js'

/**
 * Starts a container; one that runs already, or has ended by now: resolves. What was kept for the start is applied before
 * this resolves: the size of its terminal, and its firewall, which is set and verified anew.
 *
 * A failed start leaves a created container: the caller's to remove.
 */
export async function startContainer(
  engine: DockerEngine,
  kept: KeptSettings,
  id: string,
  options: StartOptions = {},
): Promise<void> {
  validateContainerId(id)
  const { signal, operation = 'startContainer' } = options
  const call: EngineCall = { operation, subject: id, signal }
  const fullId = kept.isEmpty ? id : await findFullId(engine, call)
  await start(engine, call)
  const rules = kept.find(fullId)?.rules
  if (rules !== undefined) await shutIn(engine, id, rules, { signal })
  const size = kept.takeSize(fullId)
  if (size !== undefined) await resizeStarted(engine, size, call)
}

export interface StartOptions extends OperationOptions {
  /** The method in whose name it is started. */
  readonly operation?: string
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

/** One that has ended meanwhile was started all the same, and has no way out any more. */
async function shutIn(
  engine: DockerEngine,
  id: string,
  rules: FirewallRules,
  { signal }: OperationOptions,
): Promise<void> {
  const { firewallImage } = engine.details
  try {
    await applyFirewall(engine, id, rules, { signal, ...(firewallImage === undefined ? {} : { firewallImage }) })
  } catch (error) {
    if (!isEnd(error)) throw error
  }
}

/** The engine removes one itself that has `autoRemove`. */
function isEnd(error: unknown): boolean {
  if (isHostError(error, 'CONTAINER_NOT_FOUND')) return true
  return isHostError(error, 'NOT_RUNNING') && endedStates.has(error.facts.state)
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
const endedStates: ReadonlySet<ContainerState> = new Set(['exited', 'stopping', 'dead'])
