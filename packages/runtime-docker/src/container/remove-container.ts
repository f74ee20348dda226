import { delay, isHostError } from '@capstan/core'
import type { CallLimits, DockerEngine, EngineCall } from '../docker-engine.js'
import { isRemovalUnderWay } from '../docker-error-texts.js'

/**
 * Removes a container by force, with its anonymous volumes and its sandbox. Gone: resolves; being removed by another: waits
 * for it.
 */
export async function removeContainer(engine: DockerEngine, id: string, limits: CallLimits): Promise<void> {
  const call: EngineCall = {
    operation: 'removeContainer',
    subject: id,
    signal: limits.signal,
    isBounded: limits.isBounded,
  }
  await removeOne(engine, call)
  engine.containers.forgetCreated(id)
  const known = engine.containers.findSandboxed(id)
  if (known === undefined) return
  await removeOne(engine, { ...call, subject: known.sandboxId })
  engine.containers.endSandboxed(known.firstId)
}

async function removeOne(engine: DockerEngine, call: EngineCall): Promise<void> {
  const api = await engine.api(call)
  try {
    await api.getContainer(call.subject).remove({ force: true, v: true })
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return
    if (!isRemovalUnderWay(error)) throw error
    await waitUntilGone(engine, call)
  }
}

/** What another client, or the engine itself (`autoRemove`), is removing. A removal that failed leaves it: then ours is tried. */
async function waitUntilGone(engine: DockerEngine, call: EngineCall): Promise<void> {
  const api = await engine.api(call)
  for (let attempt = 1; ; attempt += 1) {
    try {
      await delay(betweenMs, call)
      await api.getContainer(call.subject).remove({ force: true, v: true })
      return
    } catch (error) {
      if (isHostError(error, 'CONTAINER_NOT_FOUND')) return
      if (attempt === mostAttempts || !isRemovalUnderWay(error)) throw error
    }
  }
}

const betweenMs = 50
const mostAttempts = 400
