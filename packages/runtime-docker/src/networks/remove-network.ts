import { isHostError } from '@capstan/core'
import { createHostError, delay } from '@capstan/core/plugin'
import { toContainerName } from '../engine/container-name.js'
import type { DockerApi } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { isPredefinedNetwork } from '../engine/docker-error-texts.js'
import { toReason } from '../engine/engine-text.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { findSandboxOf } from '../engine/sandbox-labels.js'
import { releaseSandboxIfEnded } from '../firewall/sandbox/release-sandbox.js'

/**
 * Removes a network. Resolves if it does not exist. Waits up to 3 s for the endpoint of a container that has just exited
 * or is being removed. Rejects with IN_USE and the users' names when a running container uses the network, or when
 * another endpoint is still there after that time.
 */
export async function removeNetwork(engine: DockerEngine, id: string, call: EngineCall): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const api = await engine.api(call)
    const refusal = await tryRemove(engine, api, id)
    if (refusal === undefined) return
    const users = await listUsers(engine, api, id)
    if (attempt === mostAttempts || users.some(({ isRunning }) => isRunning)) {
      const names = users.map(({ name }) => name)
      throw createHostError('IN_USE', { subject: `network "${id}"`, users: names }, { cause: refusal })
    }
    await delay(betweenAttemptsMs, call)
  }
}

/** Resolves with the engine's refusal. Sends no request to an engine that would remove the users of the network with it. */
async function tryRemove(engine: DockerEngine, api: DockerApi, id: string): Promise<unknown> {
  try {
    if (engine.details.quirks.removesUsedNetworks && (await listUsers(engine, api, id)).length > 0)
      return new Error('it is in use')
    await api.getNetwork(id).remove()
    return undefined
  } catch (error) {
    if (isHostError(error, 'NETWORK_NOT_FOUND')) return undefined
    if (!isHostError(error, 'IN_USE')) throw error
    if (!isPredefinedNetwork(error)) return error
    const facts = { operation: 'removeNetwork', subject: id, status: 403, reason: toReason(error) }
    throw createHostError('OPERATION_FAILED', facts, { cause: error })
  }
}

interface NetworkUser {
  readonly name: string
  /** Whether it runs, so that its endpoint remains. */
  readonly isRunning: boolean
}

async function listUsers(engine: DockerEngine, api: DockerApi, id: string): Promise<readonly NetworkUser[]> {
  const network = await ignoreErrors(['NETWORK_NOT_FOUND'], api.getNetwork(id).inspect())
  const endpoints = Object.entries(network?.Containers ?? {})
  return Promise.all(
    endpoints.map(async ([container, { Name }]) => {
      const inspected = await ignoreErrors(['CONTAINER_NOT_FOUND'], api.getContainer(container).inspect())
      const firstId = findSandboxOf(inspected?.Config?.Labels)
      if (firstId !== undefined) return findSandboxUser(engine, api, firstId)
      return { name: Name || container, isRunning: inspected?.State?.Running === true }
    }),
  )
}

/** Reports the container in place of its sandbox, and stops the sandbox if the container does not run. */
async function findSandboxUser(engine: DockerEngine, api: DockerApi, firstId: string): Promise<NetworkUser> {
  const inspected = await ignoreErrors(['CONTAINER_NOT_FOUND'], api.getContainer(firstId).inspect())
  const isRunning = inspected?.State?.Running === true || engine.containers.isStarting(firstId)
  if (!isRunning) await releaseSandboxIfEnded(engine, { operation: 'removeNetwork', subject: firstId })
  return { name: toContainerName(inspected?.Name) || firstId, isRunning }
}

const mostAttempts = 30
const betweenAttemptsMs = 100
