import { delay } from '@capstan/core/plugin'
import type { EngineRequest } from './docker-engine.js'
import { isImageVanished } from './docker-error-texts.js'

/**
 * Sends what reads or removes images again where one was removed meanwhile: Podman looks at all of them for each answer,
 * and fails at one that it has just seen and that is gone.
 */
export async function retryVanishedImage<T>(
  { method, path, signal }: EngineRequest,
  send: () => Promise<T>,
): Promise<T> {
  const isRepeatable = (method === 'GET' || method === 'DELETE') && path.startsWith('/images/')
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send()
    } catch (error) {
      if (!isRepeatable || attempt === mostAttempts || !isImageVanished(error)) throw error
      await delay(betweenMs * attempt, { signal })
    }
  }
}

/** About 4 s in all. */
const mostAttempts = 20
const betweenMs = 20
