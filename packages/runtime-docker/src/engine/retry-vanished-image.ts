import { delay } from '@capstan/core/plugin'
import type { EngineRequest } from './docker-engine.js'
import { isImageVanished } from './docker-error-texts.js'

/**
 * Repeats a request that reads or removes images when another image is removed meanwhile. Podman reads all images for
 * each answer, and fails when one of them disappears.
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

/** With the growing delay this is about 4 s in total. */
const mostAttempts = 20
const betweenMs = 20
