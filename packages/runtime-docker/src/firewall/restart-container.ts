import { containerControlCapability } from '@capstan/core'
import { checkOption, createHostError, type Operation } from '@capstan/core/plugin'
import { inspectContainer } from '../containers/inspection/inspect-container.js'
import { startContainer } from '../containers/start-container.js'
import { stopContainer } from '../containers/stop-container.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { unpauseBeforeStop } from '../quirks/container-quirks.js'
import { prepareStart } from './prepare-start.js'
import { releaseSandboxIfEnded } from './sandbox/release-sandbox.js'

/**
 * Stops and starts a container by two requests, so that an abort during the stop starts nothing, and stored firewall rules are set
 * between them. A container with `autoRemove` is restarted by one request, which keeps it.
 */
export async function restartContainer(engine: DockerEngine, graceMs: number, call: Operation): Promise<void> {
  const { Id, State, HostConfig } = await inspectContainer(engine, call)
  const isRunning = State?.Running === true
  if (isRunning && HostConfig?.AutoRemove === true) {
    const { runtimeName: runtime, details } = engine
    const { unsupportedOptions } = details
    checkOption(containerControlCapability, 'container-control.autoRemove', true, { runtime, unsupportedOptions })
    if (engine.containers.settings.find(Id)?.rules !== undefined) throw createNotKeptError(engine)
    return await restartByEngine(engine, graceMs, call)
  }
  if (isRunning) {
    await stopContainer(engine, call.subject, { graceMs, ...call })
    await releaseSandboxIfEnded(engine, call)
  }
  await startContainer(engine, call, prepareStart)
}

async function restartByEngine(engine: DockerEngine, graceMs: number, operation: Operation): Promise<void> {
  const graceSeconds = Math.ceil(graceMs / 1000)
  const timeoutMs = graceSeconds * 1000 + engine.timeouts.answerMs
  const limit = operation.hasCallerSignal ? {} : { timeoutMs, timeoutOption: 'timeouts.answerMs' }
  const call: EngineCall = { ...operation, ...limit }
  await unpauseBeforeStop(engine, call)
  const path = `/containers/${call.subject}/restart`
  await engine.sendJson({ ...call, method: 'POST', path, query: { t: graceSeconds } })
}

function createNotKeptError({ runtimeName: runtime }: DockerEngine): unknown {
  const reason = 'the firewall rules have to be set while it is stopped, and the engine removes it when it stops'
  const remedy = 'create it without autoRemove'
  return createHostError('OPTION_UNSUPPORTED', {
    runtime,
    field: 'container-control.autoRemove',
    given: 'true',
    reason,
    remedy,
  })
}
