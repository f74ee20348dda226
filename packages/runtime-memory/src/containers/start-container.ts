import type { FirewallRules } from '@capstan/core'
import { createHostError, delay, findUnsupportedOption, type UndoStack } from '@capstan/core/plugin'
import { applyFirewall } from '../firewall/apply-firewall.js'
import type { MemoryEngine } from '../memory-engine.js'
import type { MemoryRuntimeContext } from '../memory-runtime-context.js'
import type { MemoryProgram } from '../simulation/memory-program.js'
import { findMain } from '../simulation/processes/find-program.js'
import { monitorHealth } from './health-monitor.js'
import type { PendingRestart } from './state/container-restarts.js'
import { ContainerRun } from './state/container-run.js'
import type { AttachedClient } from './state/container-streams.js'
import { getCurrentRun, type MemoryContainer } from './state/memory-container.js'
import { allocateNetwork } from './state/network-allocation.js'

/** Options of `startContainer`. */
export interface StartOptions {
  /** When this call starts the container, a step that kills it is added here. */
  readonly undo?: UndoStack
  /** A client to attach before the program starts. */
  readonly client?: AttachedClient
}

/**
 * Starts a container unless it is running. Rejects with NOT_RUNNING for a paused one.
 *
 * When `firewall.beforeStart` is unsupported, stored rules are set after the start. If that fails, this rejects, and the program
 * keeps running until the steps of `undo` are run.
 */
export async function startContainer(
  context: MemoryRuntimeContext,
  container: MemoryContainer,
  options: StartOptions,
): Promise<ContainerRun> {
  while (container.starting !== undefined) await container.starting
  const current = getCurrentRun(container)
  if (current === undefined) {
    container.restarts.reset()
    return await track(container, start(context, container, options))
  }
  if (current.isPaused) throw createHostError('NOT_RUNNING', { id: container.id, state: 'paused' })
  if (options.client !== undefined) current.streams.attach(options.client)
  return current
}

/** Lets concurrent starts of the container wait for this one. */
async function track(container: MemoryContainer, started: Promise<ContainerRun>): Promise<ContainerRun> {
  container.starting = Promise.allSettled([started])
  return await started.finally(() => {
    container.starting = undefined
  })
}

async function start(
  context: MemoryRuntimeContext,
  container: MemoryContainer,
  { undo, client }: StartOptions,
): Promise<ContainerRun> {
  const { engine, unsupportedOptions } = context
  const program = await requireMain(engine, container)
  const rules = container.firewallRules
  const setsRulesAfterStart = findUnsupportedOption('firewall.beforeStart', unsupportedOptions) !== undefined
  const network = await allocateNetwork(engine, container, setsRulesAfterStart ? undefined : rules)
  if (container.lifecycle.isBeingRemoved) {
    await network.release()
    throw createHostError('CONTAINER_NOT_FOUND', { id: container.id })
  }
  const onRestart = (pending: PendingRestart) => void restart(context, container, pending)
  const run = new ContainerRun(engine, container, { startedBy: context, program, network, client, onRestart })
  monitorHealth(engine, container, run)
  undo?.add(`start of ${container.name}`, async () => {
    run.signal('SIGKILL')
    await run.whenEnded
  })
  if (rules !== undefined && setsRulesAfterStart) await applyRulesAfterStart(run, container.id, rules)
  return run
}

/** Starts the container again after the delay, unless that is cancelled. When that fails, it stays exited. */
async function restart(
  context: MemoryRuntimeContext,
  container: MemoryContainer,
  { delayMs, signal }: PendingRestart,
): Promise<void> {
  try {
    await delay(delayMs, { signal, ref: false })
    const run = await track(container, start(context, container, {}))
    if (signal.aborted) run.process.kill()
  } catch {
    container.restarts.prevent()
    container.lifecycle.notifyChange()
  }
}

/** Sets the rules after the program has started. */
async function applyRulesAfterStart(run: ContainerRun, id: string, rules: FirewallRules): Promise<void> {
  // Lets the program run first, as on an engine that sets the rules after the start.
  await new Promise((resolve) => setImmediate(resolve))
  if (run.exitCode === undefined) return applyFirewall(run.network.networking, rules)
  const reason = 'its process ended before the rules were set'
  throw createHostError('FIREWALL_FAILED', { id, reason, containment: 'ended' })
}

async function requireMain({ commands }: MemoryEngine, container: MemoryContainer): Promise<MemoryProgram> {
  const { id, argv, env, workingDirectory, files, image, config } = container
  const { program, failure } = await findMain(
    { files, programs: image.programs, commands },
    { argv, env, workingDirectory, isEntrypointOverridden: config.entrypoint !== undefined },
  )
  if (failure === undefined) return program
  const facts = { id, command: argv, exitCode: failure.exitCode }
  throw createHostError('COMMAND_NOT_STARTED', facts, { cause: new Error(failure.reason) })
}
