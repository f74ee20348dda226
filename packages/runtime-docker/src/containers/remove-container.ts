import type { RemoveOptions } from '@capstan/core'
import { delay } from '@capstan/core/plugin'
import type { ContainerRegistry } from '../engine/container-registry.js'
import type { CallSignal, DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { isRemovalUnderWay } from '../engine/docker-error-texts.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { hasReplacementLabels } from '../engine/sandbox-labels.js'
import { killBeforeRemoval } from '../quirks/container-quirks.js'
import { findContainer } from './inspection/inspect-container.js'

/**
 * Removes a container by force, with its firewall sandbox, and its anonymous volumes unless they are kept. Resolves if it does
 * not exist. Waits for a removal in progress.
 */
export async function removeContainer(
  engine: DockerEngine,
  id: string,
  options: CallSignal & Pick<RemoveOptions, 'keepVolumes'>,
): Promise<void> {
  const call: EngineCall = {
    operation: 'removeContainer',
    subject: id,
    signal: options.signal,
    hasCallerSignal: options.hasCallerSignal,
  }
  const { containers } = engine
  const sandboxed = containers.findSandboxed(id) ?? (await findSandboxedByName(engine, call))
  await removeOne(engine, call, options)
  containers.forgetCreated(id)
  containers.settings.forget(sandboxed?.firstId ?? id)
  if (sandboxed === undefined) return
  await removeOne(engine, { ...call, subject: sandboxed.sandboxId })
  containers.moveToRemoved(sandboxed.firstId)
}

/**
 * Finds the sandboxed container with this name by an inspection. Sends no request when no container is in a sandbox or
 * the text is an id.
 */
async function findSandboxedByName(
  engine: DockerEngine,
  call: EngineCall,
): Promise<ReturnType<ContainerRegistry['findSandboxed']>> {
  if (!engine.containers.hasSandboxed || /^[0-9a-f]{12,64}$/.test(call.subject)) return undefined
  const { Id = '', Config } = (await findContainer(engine, call)) ?? {}
  // The old container, until it is removed, has the first id too, but not the labels of the one that replaced it.
  return hasReplacementLabels(Config?.Labels) ? engine.containers.findSandboxed(Id) : undefined
}

/** Removes one container. Tries again while another client, or the engine because of `autoRemove`, is removing it. */
async function removeOne(
  engine: DockerEngine,
  call: EngineCall,
  { keepVolumes = false }: Pick<RemoveOptions, 'keepVolumes'> = {},
): Promise<void> {
  await killBeforeRemoval(engine, call)
  const api = await engine.api(call)
  for (let attempt = 0; ; attempt += 1) {
    try {
      const removed = api.getContainer(call.subject).remove({ force: true, v: !keepVolumes })
      return void (await ignoreErrors(['CONTAINER_NOT_FOUND'], removed))
    } catch (error) {
      if (attempt === mostAttempts || !isRemovalUnderWay(error)) throw error
      await delay(betweenMs, call)
    }
  }
}

const betweenMs = 50
const mostAttempts = 400
